#include "recording/resample.hpp"

#include "base/invariant.hpp"

#include <numeric>
#include <soxr.h>
#include <stdexcept>

namespace earshot::recording {
namespace {

// Longer than half of soxr's filter at telephone rates.
constexpr std::int64_t margin_ms = 50;
constexpr float full_scale = 32768.0F;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && a < 0 ? 1 : 0);
}

}  // namespace

StretchResampler::StretchResampler(std::uint32_t from_hz, std::uint32_t to_hz)
    : from_hz_(from_hz), to_hz_(to_hz) {
  CHECK_INVARIANT(from_hz > 0 && to_hz > 0, "sample rates are known");
  const auto common = std::gcd(from_hz, to_hz);
  from_step_ = from_hz / common;
  to_step_ = to_hz / common;
}

ResampleRange StretchResampler::input_for(std::int64_t first, std::int64_t count) const {
  if (from_hz_ == to_hz_) return {.first = first, .frames = count, .result_first = first};
  const auto margin = margin_ms * to_hz_ / 1000 + to_step_;
  const auto begin = floor_div(first - margin, to_step_);
  const auto end = floor_div(first + count + margin, to_step_) + 1;
  return {.first = begin * from_step_,
          .frames = (end - begin) * from_step_,
          .result_first = begin * to_step_};
}

std::vector<float> StretchResampler::resample(std::span<const std::int16_t> input,
                                              unsigned channels, std::int64_t first,
                                              std::int64_t count) const {
  const auto range = input_for(first, count);
  CHECK_INVARIANT(input.size() == static_cast<std::size_t>(range.frames) * channels,
                  "the input is what was asked for");
  std::vector<float> out;
  if (from_hz_ == to_hz_) {
    out.assign(input.begin(), input.end());
    return out;
  }
  const auto skipped = static_cast<std::size_t>(first - range.result_first) * channels;
  const auto wanted = skipped + static_cast<std::size_t>(count) * channels;
  out.resize(static_cast<std::size_t>(range.frames / from_step_ * to_step_) * channels);
  const soxr_io_spec_t io = soxr_io_spec(SOXR_INT16_I, SOXR_FLOAT32_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  std::size_t made = 0;
  const soxr_error_t error =
      soxr_oneshot(from_hz_, to_hz_, channels, input.data(), input.size() / channels, nullptr,
                   out.data(), out.size() / channels, &made, &io, &quality, nullptr);
  if (error != nullptr) throw std::runtime_error(error);
  out.resize(wanted);
  out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(skipped));
  for (float& sample : out) sample *= full_scale;
  return out;
}

}  // namespace earshot::recording
