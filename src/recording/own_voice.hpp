#pragma once
// Whether what the bridge hears of the caller contains what it played itself: because ACS sends
// back the mix of all, or because a line or a loudspeaker echoes. Such sound is not the caller.
// Pure: it says which samples of the tap it wants to see, and is shown them.
//
// Two people who take turns have levels that fit at some lag; their waveforms do not. So levels
// alone prove nothing here: an echo is what comes back sample by sample, far better at one lag than
// at any other, again and again, at a lag that stays. What is in doubt is the caller's.

#include "recording/level_track.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace earshot::recording {

inline constexpr Duration echo_delay_max = 1500ms;

// A piece of what was played, to be looked for in what came in.
struct EchoProbe {
  Duration from{0};  // call time
  Duration length{0};
  std::size_t run = 0;  // of the assistant's play-out, by number

  // What came in is wanted over this.
  Duration echo_length() const { return length + echo_delay_max; }
};

inline constexpr std::size_t echo_probes_max = 32;

// Spread evenly over what was played, in an order in which the first ones are spread as well. Only
// where anything came in that could be an echo.
std::vector<EchoProbe> propose_echo_probes(const CallLevels& call);

struct HeardProbe {
  EchoProbe probe;
  std::vector<std::int16_t> played;   // probe.length from probe.from on
  std::vector<std::int16_t> came_in;  // probe.echo_length() from probe.from on
  std::uint32_t rate_hz = 0;
};

struct EchoSighting {
  EchoProbe probe;
  Duration delay{0};       // from play-out to its return
  double gain_db = 0;      // of what returns, against what was played
  double correlation = 0;  // 0..1
};

// nullopt: what was played does not come back, or not at one lag only.
std::optional<EchoSighting> find_echo(const HeardProbe& heard);

struct OwnVoice {
  Duration delay{0};   // in the median
  double gain_db = 0;  // in the median
  // Slots of the caller in which nothing but our own voice is heard. Ascending.
  std::vector<SlotRange> slots;
};

// Of so many probes, these were seen to come back. nullopt: that is too few, or they do not agree.
std::optional<OwnVoice> judge_echoes(const CallLevels& call, std::size_t probes,
                                     std::span<const EchoSighting> sightings);

// Silence where the caller's side held only our own voice; gives how much of it had been at least
// so loud. Where the caller spoke over it, it stays.
Duration remove_own_voice(std::vector<std::uint8_t>& caller, const OwnVoice& own_voice,
                          double speech_dbfs);

}  // namespace earshot::recording
