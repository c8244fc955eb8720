#pragma once
// A stream of mono audio from one rate to another, over soxr. Output comes a little later than its
// input but at the right place: sample k of the output is the input at k * from / to. One thread.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace earshot::bridge {

class Resampler {
 public:
  // Throws std::runtime_error when soxr refuses the rates.
  Resampler(std::uint32_t from_hz, std::uint32_t to_hz);
  ~Resampler();
  Resampler(const Resampler&) = delete;
  Resampler& operator=(const Resampler&) = delete;

  // Appends what is ready to `out`.
  void process(std::span<const std::int16_t> in, std::vector<std::int16_t>& out);
  // The rest; the stream begins anew afterwards.
  void flush(std::vector<std::int16_t>& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace earshot::bridge
