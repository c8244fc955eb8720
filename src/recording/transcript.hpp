#pragma once
// A call's turns, each placed where it is heard in one of the call's audio sources: on the call's
// own clock, in ACS's joined chunks, in the repaired audio, in the tap. Pure; the places follow
// from the newest verdict's timeline and clock mapping. recording/transcript_text.hpp writes one
// down.

#include "base/result.hpp"
#include "domain/clock_mapping.hpp"
#include "domain/recording.hpp"
#include "domain/turn.hpp"
#include "domain/verdict.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::recording {

enum class TranscriptSource {
  call,      // the call's clock, as the bridge has it: no audio is meant
  acs,       // the joined chunks
  repaired,  // the call's clock as the recording has it
  tap,       // the bridge's own copy, which is on the call's clock
};
std::string_view to_text(TranscriptSource source);
std::optional<TranscriptSource> parse_transcript_source(std::string_view text);  // "" is call

// How much of a turn the audio holds.
enum class Presence { whole, part, none };
std::string_view to_text(Presence presence);

struct TurnPlace {
  Duration start{0};
  Duration end{0};  // never before start; where nothing of it is there, both are the seam
  Presence presence = Presence::whole;
  bool operator==(const TurnPlace&) const = default;
};

// Where a turn was cut, and on whose word.
struct TranscriptCut {
  // What its end and text rest on; none: the bridge's estimate.
  std::optional<MappingBasis> verified_by;
  Duration uncertainty{0};  // of the end, half-width; of what was verified
  Duration stop_left{0};    // StopAudio, call time
  // As the bridge had it.
  Duration believed_end{0};  // call time
  std::string believed_text;
};

struct TranscriptTurn {
  Speaker speaker = Speaker::caller;
  TurnPlace place;   // in the source asked for
  std::string text;  // as heard: cut where the caller interrupted
  bool interrupted = false;
  bool cut_is_estimated = false;
  std::vector<TurnWord> words;  // in the source asked for; empty when their times are not known
  // In each source that there is; `tap` is `call`.
  TurnPlace call;
  std::optional<TurnPlace> acs;
  std::optional<TurnPlace> repaired;
  // What the places in acs and repaired rest on; none: neither is there.
  std::optional<MappingBasis> basis;
  Duration uncertainty{0};           // of them, half-width
  std::optional<TranscriptCut> cut;  // by a StopAudio
  std::string session_id;
  std::string item_id;
};

struct Transcript {
  ContextId call;
  TranscriptSource source = TranscriptSource::call;
  std::optional<int> verdict;         // whose mapping was used
  std::vector<TranscriptTurn> turns;  // by start in the source asked for
  // The weakest that any turn's place in this source rests on; none: it is the call's own clock, or
  // there are no turns.
  std::optional<MappingBasis> basis;
};

struct TranscriptSubject {
  ContextId call;
  std::optional<WallTime> call_zero;  // none: the call was never connected
  std::vector<Turn> turns;
  std::vector<Chunk> chunks;       // in the order in which they are joined
  std::optional<Verdict> verdict;  // the newest
};

// `conflict`: repaired, and the call was not verified yet; `not_found`: acs, and there are no
// chunks (yet). Before the verdict places in acs rest on the chunks' metadata.
Result<Transcript> make_transcript(const TranscriptSubject& subject, TranscriptSource source);

}  // namespace earshot::recording
