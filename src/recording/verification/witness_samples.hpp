#pragma once
// Samples of both witnesses: the tap's by call time, a chunk's by frame. What is damaged gives
// nothing; only what cannot be reached just now is a failure.

#include "domain/evidence.hpp"
#include "ports/chunk_source.hpp"
#include "recording/alignment.hpp"
#include "recording/tap_samples.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace earshot::recording {

// One side of it, mono. The tap outlives the call.
Task<Result<std::vector<std::int16_t>>> read_tap(TapSamples* tap, Speaker side, Duration from,
                                                 Duration length);

// Both sides of a window; nullopt: there is no such chunk, or it is torn. All outlive the call.
Task<Result<std::optional<FetchedWindow>>> fetch_window(ChunkSource* chunks, TapSamples* tap,
                                                        const RecordingEvidence* recording,
                                                        WaveformWindow window);

}  // namespace earshot::recording
