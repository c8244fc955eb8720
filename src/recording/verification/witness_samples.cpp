#include "recording/verification/witness_samples.hpp"

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

Task<Result<SampleSource*>> RecordedSamples::of(const RecordingEvidence* recording,
                                                ChunkIndex index) {
  const std::pair key(recording->recording.id.text, index);
  if (const auto known = opened_.find(key); known != opened_.end()) co_return known->second.get();
  const Chunk* chunk = find_chunk(*recording, index);
  if (chunk == nullptr) co_return nullptr;
  auto samples = co_await open_samples_of(chunks_, *chunk, conversion_);
  if (!samples && worth_retrying(samples.error()))
    co_return fail("open a chunk's samples", samples.error());
  auto& kept = opened_[key];
  if (samples) kept = std::move(*samples);
  co_return kept.get();
}

Task<Result<std::optional<FetchedWindow>>> fetch_window(RecordedSamples* recorded, TapSamples* tap,
                                                        const RecordingEvidence* recording,
                                                        WaveformWindow window) {
  auto samples = co_await recorded->of(recording, window.chunk);
  if (!samples) co_return Failure(samples.error());
  if (*samples == nullptr) co_return std::nullopt;
  auto spoken = co_await read_tap(tap, window.side, window.tap_from, window.tap_length);
  if (!spoken) co_return Failure(spoken.error());
  auto bytes = co_await (*samples)->read(window.first_frame, window.frames);
  if (!bytes && worth_retrying(bytes.error()))
    co_return fail("read a chunk's samples", bytes.error());
  if (!bytes) co_return std::nullopt;  // torn since it was measured
  const auto format = (*samples)->format();
  co_return FetchedWindow{.window = window,
                          .tap = std::move(*spoken),
                          .tap_rate_hz = tap->format().sample_rate_hz,
                          .recorded = decode_pcm(*bytes, format, window.channel),
                          .recorded_rate_hz = format.sample_rate_hz};
}

}  // namespace earshot::recording
