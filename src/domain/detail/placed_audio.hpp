#pragma once
// Where the runs of a recording's samples lie on the call's clock. Private to the timeline builder.

#include "domain/evidence.hpp"
#include "domain/timeline.hpp"
#include "domain/verdict.hpp"

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

}  // namespace earshot::detail
