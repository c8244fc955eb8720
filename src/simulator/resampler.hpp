#pragma once
// A stream of samples at another rate, over soxr. What comes out is aligned with what goes in: the
// filter's own delay is taken off, and finish() gives the rest, so that the lengths agree.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace earshot::simulator {

class Resampler {
 public:
  // Equal rates pass the samples through.
  Resampler(std::uint32_t from_hz, std::uint32_t to_hz);
  ~Resampler();
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;

  // Appends to `out` what is ready.
  void push(std::span<const std::int16_t> samples, std::vector<std::int16_t>& out);
  // Appends the rest; afterwards the stream is over.
  void finish(std::vector<std::int16_t>& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::vector<std::int16_t> resample_all(std::span<const std::int16_t> samples, std::uint32_t from_hz,
                                       std::uint32_t to_hz);

}  // namespace earshot::simulator
