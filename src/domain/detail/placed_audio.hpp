#pragma once
// Where the runs of a recording's samples lie on the call's clock. Private to the timeline builder.

#include "domain/evidence.hpp"
#include "domain/timeline.hpp"
#include "domain/verdict.hpp"

#include <map>
#include <optional>
#include <vector>

namespace earshot::detail {

struct PlacedAudio {
  RecordingId recording;
  ChunkIndex chunk;
  std::uint32_t rate_hz = 0;
  std::uint64_t first_frame = 0;
  std::uint64_t frames = 0;
  Duration from{0};  // call time; may lie outside the call
  Duration to{0};
  GapCause before = GapCause::none;  // why time just before it may be lost
};

struct PlacedRecording {
  std::vector<PlacedAudio> audio;                     // ascending
  GapCause after = GapCause::none;                    // why time behind the last of it may be lost
  std::vector<std::pair<Duration, Duration>> pauses;  // call time
  bool ran = false;                                   // it was active at some time
};

PlacedRecording place_recording(const RecordingEvidence& recording, const CallEvidence& call,
                                const VerdictThresholds& thresholds,
                                std::vector<Finding>& findings);

std::vector<bool> believed_chunks(const RecordingEvidence& recording, const CallEvidence& call,
                                  const VerdictThresholds& thresholds);

// What the caller's sound adds to the metadata's times: that a chunk's samples run slow or fast,
// and where in its middle samples are missing. It never says how much is missing, nor where a
// chunk begins: phrases repeat, and a match in the wrong place must not move what the metadata has
// right.
class SoundClock {
 public:
  SoundClock(const ClockMapping& mapping, const RecordingId& recording);
  // How much longer the chunk's time is than its samples, by the sound at both ends; zero where
  // nothing sure can be said.
  Duration stretched(ChunkIndex chunk) const;
  struct Loss {
    Duration at{0};  // nominal call time, within the chunk
    Duration length{0};
  };
  // Ascending; of the threshold's length or more.
  std::vector<Loss> losses(ChunkIndex chunk, Duration threshold) const;

 private:
  std::map<ChunkIndex, std::vector<MappingPiece>> pieces_;  // ascending by time
};

}  // namespace earshot::detail
