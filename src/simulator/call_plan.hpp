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
  echo,  // what the phone plays comes back in the caller's frames, as with a mix of all in place of
         // the caller alone; the recorder does not hear it
};
struct MediaTrouble {
  MediaTroubleKind kind = MediaTroubleKind::cut;
  Duration at{};
  Duration length{};  // of an echo, 0: to the end of the call
  // Of an echo: how much later than it was played, and how much louder, so as a rule below 0.
  Duration echo_delay = 250ms;
  double echo_gain_db = -12;
};

// What becomes of a chunk on its way into the container. The copy that the service keeps of its own
// is whole whatever happens.
enum class ChunkTroubleKind {
  lost,                // never exported
  late,                // exported `delay` later
  torn,                // half of its file
  empty,               // a file of no bytes
  duplicated,          // a second time, in a folder of its own
  metadata_missing,    // the audio alone
  metadata_swapped,    // contentType and channelType in each other's place
  metadata_of_another  // another call's id, index and day
};
struct ChunkTrouble {
  ChunkTroubleKind kind = ChunkTroubleKind::lost;
  int index = 0;
  Duration delay{};
};

struct RecordingTroubles {
  std::vector<ChunkTrouble> chunks;  // of each recording of the call
  std::optional<Duration>
      deaf_from;                // the recorder writes nothing more, and says that it is active
  bool without_caller = false;  // silence in place of that voice
  bool without_assistant = false;
  double drift_ppm = 0;       // above 0: fewer samples than its clock's time
  Duration lost_at_change{};  // what the recorder misses each time it begins another chunk
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
  RecordingTroubles recording;
};

}  // namespace earshot::simulator
