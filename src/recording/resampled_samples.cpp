#include "recording/resampled_samples.hpp"

#include "recording/sample_convert.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace earshot::recording {
namespace {

// Long enough that the margin of each stretch costs little, short enough to be nothing in memory.
constexpr std::uint64_t stretch_seconds = 4;

std::int16_t to_sample(float value) {
  constexpr float least = std::numeric_limits<std::int16_t>::min();
  constexpr float most = std::numeric_limits<std::int16_t>::max();
  return static_cast<std::int16_t>(std::lround(std::clamp(value, least, most)));
}

}  // namespace

std::uint64_t resampled_frames(std::uint64_t frames, std::uint32_t from_hz, std::uint32_t to_hz) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((Wide{frames} * to_hz + from_hz / 2) / from_hz);
}

ResampledSamples::ResampledSamples(std::unique_ptr<SampleSource> source, std::uint32_t rate_hz,
                                   Offload& offload)
    : source_(std::move(source)),
      resampler_(source_->format().sample_rate_hz, rate_hz),
      format_{
          .sample_rate_hz = rate_hz, .channels = source_->format().channels, .bits_per_sample = 16},
      frames_(resampled_frames(source_->frames(), source_->format().sample_rate_hz, rate_hz)),
      offload_(offload) {}

Task<Result<Bytes>> ResampledSamples::read(std::uint64_t first, std::uint64_t count) {
  Bytes out;
  out.reserve(count * format_.frame_bytes());
  const auto stretch = stretch_seconds * format_.sample_rate_hz;
  for (const auto end = first + count; first < end;) {
    const auto frames = std::min(stretch, end - first);
    auto bytes = co_await read_stretch(first, frames);
    if (!bytes) co_return Failure(bytes.error());
    out.insert(out.end(), bytes->begin(), bytes->end());
    first += frames;
  }
  co_return out;
}

Task<Result<Bytes>> ResampledSamples::read_stretch(std::uint64_t first, std::uint64_t count) {
  const auto range =
      resampler_.input_for(static_cast<std::int64_t>(first), static_cast<std::int64_t>(count));
  const auto all = static_cast<std::int64_t>(source_->frames());
  const auto begin = std::clamp<std::int64_t>(range.first, 0, all);
  const auto end = std::clamp<std::int64_t>(range.first + range.frames, begin, all);
  const std::size_t width = format_.channels;
  // Silence stands before the beginning and behind the end.
  std::vector<std::int16_t> input(static_cast<std::size_t>(range.frames) * width);
  if (begin < end) {
    auto stored = co_await source_->read(static_cast<std::uint64_t>(begin),
                                         static_cast<std::uint64_t>(end - begin));
    if (!stored) co_return Failure(stored.error());
    Bytes converted;
    convert_frames(*stored, source_->format(), same_channels(format_.channels), converted);
    std::memcpy(input.data() + static_cast<std::size_t>(begin - range.first) * width,
                converted.data(), converted.size());
  }
  Bytes out(count * format_.frame_bytes());
  co_await offload_.run([&] {
    const auto samples =
        resampler_.resample(input, format_.channels, static_cast<std::int64_t>(first),
                            static_cast<std::int64_t>(count));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const auto sample = static_cast<std::uint16_t>(to_sample(samples[i]));
      out[2 * i] = static_cast<std::uint8_t>(sample);
      out[2 * i + 1] = static_cast<std::uint8_t>(sample >> 8);
    }
  });
  co_return out;
}

}  // namespace earshot::recording
