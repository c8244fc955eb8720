#pragma once
// What a simulated caller will do, and the troubles on the way. Times are since the call connected.

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace earshot::simulator {

enum class CallerStart {
  at_time,          // `delay` since the call connected
  after_silence,    // both have been quiet for `delay` since the utterance before
  after_assistant,  // the assistant has spoken since, and both have been quiet for `delay`; an
                    // assistant who stays silent for 8 s is not waited for
  over_assistant,   // the assistant has been speaking for `delay`: an interruption
};

struct CallerUtterance {
  CallerStart start = CallerStart::at_time;
  Duration delay{};
  std::vector<std::int16_t> samples;  // mono
  std::uint32_t rate_hz = 24000;
  std::string label;  // for the progress of the call
};

struct DtmfTone {
  Duration at{};
  std::string tone;  // "3", "#"
};

enum class MediaTroubleKind {
  cut,    // the media socket is cut
  stall,  // the caller's frames are held up, then come in one burst
  lose,   // the caller's frames are lost
};
struct MediaTrouble {
  MediaTroubleKind kind = MediaTroubleKind::cut;
  Duration at{};
  Duration length{};
};

struct CallPlan {
  std::string to = "+15550199";
  std::string from = "+15550100";  // "anonymous" for a withheld number
  std::string display_name;
  std::vector<std::pair<std::string, std::string>> sip_headers;
  // Where Event Grid delivers; empty: the simulator's own option.
  std::string event_grid_url;

  std::vector<CallerUtterance> utterances;
  std::vector<DtmfTone> dtmf;
  // The caller hangs up at the first of these. Without any, at length_max.
  std::optional<Duration> hang_up_at;
  // Everything is said, and both have been quiet for so long.
  std::optional<Duration> hang_up_after_quiet;
  Duration length_max = 10min;
  // The caller gives up while it rings; none: rings for the service's 30 s.
  std::optional<Duration> rings_for;

  std::vector<MediaTrouble> media_troubles;
  // Recordings that stop unasked.
  std::vector<Duration> recording_stops_at;
};

}  // namespace earshot::simulator
