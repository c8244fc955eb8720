#pragma once
// Samples of both witnesses: the tap's by call time, a chunk's by frame. What is damaged gives
// nothing; only what cannot be reached just now is a failure.

#include "domain/evidence.hpp"
#include "ports/chunk_source.hpp"
#include "recording/alignment.hpp"
#include "recording/call_audio.hpp"
#include "recording/tap_samples.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace earshot::recording {

// One side of it, mono. The tap outlives the call.
Task<Result<std::vector<std::int16_t>>> read_tap(TapSamples* tap, Speaker side, Duration from,
                                                 Duration length);

// The samples of a call's chunks, each opened once: an mp3 is read through to find its frames.
class RecordedSamples {
 public:
  // All outlive this. Without a `conversion` mp3 has none.
  RecordedSamples(ChunkSource& chunks, const AudioConversion* conversion)
      : chunks_(chunks), conversion_(conversion) {}

  // Null: there is no such chunk, or none whose samples can be read. It lives as long as this.
  Task<Result<SampleSource*>> of(const RecordingEvidence* recording, ChunkIndex index);

 private:
  ChunkSource& chunks_;
  const AudioConversion* conversion_;
  std::map<std::pair<std::string, ChunkIndex>, std::unique_ptr<SampleSource>> opened_;
};

// Both sides of a window; nullopt: there is no such chunk, or it is torn. All outlive the call.
Task<Result<std::optional<FetchedWindow>>> fetch_window(RecordedSamples* recorded, TapSamples* tap,
                                                        const RecordingEvidence* recording,
                                                        WaveformWindow window);

}  // namespace earshot::recording
