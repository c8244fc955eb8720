#include "recording/verification/witness_samples.hpp"

#include "recording/call_audio.hpp"

#include <algorithm>
#include <utility>

namespace earshot::recording {
namespace {

const Chunk* find_chunk(const RecordingEvidence& recording, ChunkIndex index) {
  const auto at = std::ranges::find_if(recording.chunks, [&](const ChunkEvidence& candidate) {
    return candidate.chunk.index == index;
  });
  return at == recording.chunks.end() ? nullptr : &at->chunk;
}

}  // namespace

Task<Result<std::vector<std::int16_t>>> read_tap(TapSamples* tap, Speaker side, Duration from,
                                                 Duration length) {
  const auto format = tap->format();
  const auto frame_at = [&](Duration time) {
    return static_cast<std::uint64_t>(std::max<Duration::rep>(time.count(), 0)) *
           format.sample_rate_hz / 1'000'000;
  };
  const auto first = frame_at(from);
  auto bytes = co_await tap->read(first, frame_at(from + length) - first);
  if (bytes) co_return decode_pcm(*bytes, format, side == Speaker::caller ? 0U : 1U);
  if (worth_retrying(bytes.error())) co_return fail("read the tap", bytes.error());
  co_return std::vector<std::int16_t>{};
}

Task<Result<std::optional<FetchedWindow>>> fetch_window(ChunkSource* chunks, TapSamples* tap,
                                                        const RecordingEvidence* recording,
                                                        WaveformWindow window) {
  const Chunk* chunk = find_chunk(*recording, window.chunk);
  if (chunk == nullptr) co_return std::nullopt;
  auto spoken = co_await read_tap(tap, window.side, window.tap_from, window.tap_length);
  if (!spoken) co_return Failure(spoken.error());
  const auto samples = samples_of(*chunks, *chunk);
  auto bytes = co_await samples->read(window.first_frame, window.frames);
  if (!bytes && worth_retrying(bytes.error()))
    co_return fail("read a chunk's samples", bytes.error());
  if (!bytes) co_return std::nullopt;  // torn since it was measured
  co_return FetchedWindow{.window = window,
                          .tap = std::move(*spoken),
                          .tap_rate_hz = tap->format().sample_rate_hz,
                          .recorded = decode_pcm(*bytes, chunk->format, window.channel),
                          .recorded_rate_hz = chunk->format.sample_rate_hz};
}

}  // namespace earshot::recording
