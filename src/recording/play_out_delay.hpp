#pragma once
// What a recording tells of the way from our sending a sound to its being heard: how long it took,
// and where an utterance that the caller cut short truly ended. Pure.
//
// ACS's clock and ours differ by an amount that nobody knows, so no one-way delay can be read from
// a shift alone. Two numbers can: the round trip (the assistant's shift less the caller's, in which
// the clocks cancel), and, at an utterance that was cut, how much later StopAudio left than the
// last sound that was heard, which is just what the bridge's estimate is used for.

#include "recording/alignment.hpp"

#include <optional>
#include <vector>

namespace earshot::recording {

struct PlayOutDelay {
  Duration from{0};  // call time
  Duration to{0};
  Duration shift{0};       // of the assistant, against the metadata's clock
  Duration round_trip{0};  // to the mix, and from it to the bridge
  Duration uncertainty{0};
  MappingBasis basis = MappingBasis::levels;
};

// One for each play-out run of which something was found.
std::vector<PlayOutDelay> measure_play_out(const Alignment& alignment);

// An utterance of the assistant that StopAudio cut.
struct CutTurn {
  Duration start{0};  // of its play-out, call time
  Duration stop{0};   // when StopAudio left: the ledger holds nothing of it from there on
};

struct HeardUntil {
  Duration at{0};  // call time of the last sample that was heard: start..stop
  Duration uncertainty{0};
  MappingBasis basis = MappingBasis::levels;
  // What the bridge takes off: from there to StopAudio.
  Duration played_late(const CutTurn& turn) const { return turn.stop - at; }
};

// By levels; the caller may have spoken over it. nullopt: the run was not found, or nothing tells
// where it ended.
std::optional<HeardUntil> heard_until(const Alignment& alignment, const CallLevels& call,
                                      std::span<const StretchLevels> recorded, const CutTurn& turn);

// By the tap: the samples wanted, at most the utterance's last five seconds; nullopt where the run
// was not found.
std::optional<WaveformWindow> propose_cut_window(const Alignment& alignment, const CutTurn& turn);
std::optional<HeardUntil> heard_until(const Alignment& alignment, const FetchedWindow& fetched,
                                      const CutTurn& turn);

}  // namespace earshot::recording
