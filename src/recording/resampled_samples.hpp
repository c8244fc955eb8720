#pragma once
// Stored samples at another sample rate, made while they are read: what a merge reads where chunks
// differ in theirs. Always 16 bits.

#include "base/executor.hpp"
#include "recording/resample.hpp"
#include "recording/sample_source.hpp"

#include <memory>

namespace earshot::recording {

// How many frames at `to_hz` last as long.
std::uint64_t resampled_frames(std::uint64_t frames, std::uint32_t from_hz, std::uint32_t to_hz);

class ResampledSamples : public SampleSource {
 public:
  // `offload` outlives this.
  ResampledSamples(std::unique_ptr<SampleSource> source, std::uint32_t rate_hz, Offload& offload);

  AudioFormat format() const override { return format_; }
  std::uint64_t frames() const override { return frames_; }
  Task<Result<Bytes>> read(std::uint64_t first, std::uint64_t count) override;

 private:
  Task<Result<Bytes>> read_stretch(std::uint64_t first, std::uint64_t count);

  std::unique_ptr<SampleSource> source_;
  StretchResampler resampler_;
  AudioFormat format_;
  std::uint64_t frames_;
  Offload& offload_;
};

}  // namespace earshot::recording
