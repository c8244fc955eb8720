#pragma once
// Stretches of a longer sound brought to another sample rate one at a time, such that they fit
// together as if all of it had been resampled at once: frame n of the result is the input at
// n * from / to, whichever stretch it was made with. Over soxr; no state.

#include <cstdint>
#include <span>
#include <vector>

namespace earshot::recording {

struct ResampleRange {
  std::int64_t first = 0;         // input frame
  std::int64_t frames = 0;        // of input
  std::int64_t result_first = 0;  // the result frame that the input's first frame becomes
};

class StretchResampler {
 public:
  StretchResampler(std::uint32_t from_hz, std::uint32_t to_hz);

  // What is needed of the input for result frames [first, first + count), with a margin for the
  // filter; may begin below zero and end past the input: silence stands there.
  ResampleRange input_for(std::int64_t first, std::int64_t count) const;
  // `input` holds that range, `channels` interleaved; the result holds exactly `count` frames.
  // Throws std::runtime_error when soxr refuses the rates.
  std::vector<float> resample(std::span<const std::int16_t> input, unsigned channels,
                              std::int64_t first, std::int64_t count) const;

 private:
  std::uint32_t from_hz_;
  std::uint32_t to_hz_;
  // Every so many frames an input frame and a result frame fall together.
  std::int64_t from_step_;
  std::int64_t to_step_;
};

}  // namespace earshot::recording
