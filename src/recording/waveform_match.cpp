#include "recording/waveform_match.hpp"

#include <algorithm>
#include <cmath>
#include <soxr.h>

namespace earshot::recording {

namespace {

constexpr double samples_per_ms = match_rate_hz / 1000.0;
constexpr std::size_t sound_samples_min = match_rate_hz / 5;
constexpr float tilt = 0.8F;
// -66 dBFS, mean over the sound: less is nothing.
constexpr double power_min = 2.5e-7;
constexpr double correlation_min = 0.5;
// A second peak this far off must be lower than this share of the first.
constexpr std::size_t peak_apart = 12;  // 1.5 ms
constexpr double second_peak_max = 0.85;
constexpr std::size_t parts = 3;
constexpr double parts_agree_ms = 2;

// Sums of squares of each stretch of `length` samples.
std::vector<double> energies(std::span<const float> samples, std::size_t length) {
  std::vector<double> out(samples.size() - length + 1);
  double sum = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    sum += double{samples[i]} * double{samples[i]};
    if (i + 1 < length) continue;
    const std::size_t from = i + 1 - length;
    out[from] = std::max(0.0, sum);
    sum -= double{samples[from]} * double{samples[from]};
  }
  return out;
}

float dot(std::span<const float> a, const float* b) {
  // Eight sums, so that the order of additions allows vectors.
  float sums[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= a.size(); i += 8)
    for (std::size_t k = 0; k < 8; ++k) sums[k] += a[i + k] * b[i + k];
  for (; i < a.size(); ++i) sums[0] += a[i] * b[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// Correlation of the sound with each place in `within`.
std::vector<double> curve_of(std::span<const float> sound, std::span<const float> within) {
  const double own = double{dot(sound, sound.data())};
  const std::vector<double> theirs = energies(within, sound.size());
  std::vector<double> curve(theirs.size());
  const double least = power_min * static_cast<double>(sound.size()) / 100;
  for (std::size_t i = 0; i < curve.size(); ++i)
    curve[i] =
        theirs[i] < least ? 0 : double{dot(sound, within.data() + i)} / std::sqrt(own * theirs[i]);
  return curve;
}

struct Peak {
  double at = 0;  // samples
  double value = 0;
};

Peak peak_of(std::span<const double> curve) {
  const auto best = static_cast<std::size_t>(std::ranges::max_element(curve) - curve.begin());
  Peak peak{.at = static_cast<double>(best), .value = curve[best]};
  if (best == 0 || best + 1 == curve.size()) return peak;
  const double bend = curve[best - 1] - 2 * curve[best] + curve[best + 1];
  if (bend < 0) peak.at += 0.5 * (curve[best - 1] - curve[best + 1]) / bend;
  return peak;
}

bool is_there_twice(std::span<const double> curve, const Peak& peak) {
  double second = 0;
  for (std::size_t i = 0; i < curve.size(); ++i)
    if (std::abs(static_cast<double>(i) - peak.at) > peak_apart)
      second = std::max(second, curve[i]);
  return second > second_peak_max * peak.value;
}

double power_of(std::span<const float> samples) {
  return double{dot(samples, samples.data())} / static_cast<double>(samples.size());
}

// How far the sound's parts, each for itself, lie from where the whole lies.
std::optional<double> disagreement_ms(std::span<const float> sound, std::span<const float> within,
                                      const Peak& whole) {
  const std::size_t length = sound.size() / parts;
  constexpr std::size_t around = 40;  // 5 ms
  double squares = 0;
  std::size_t counted = 0;
  std::size_t astray = 0;
  for (std::size_t i = 0; i < parts; ++i) {
    const std::span<const float> part = sound.subspan(i * length, length);
    if (power_of(part) < power_min) continue;
    const auto middle = static_cast<std::size_t>(std::lround(whole.at)) + i * length;
    const std::size_t from = middle > around ? middle - around : 0;
    const std::size_t to = std::min(within.size(), middle + around + length);
    if (to < from + length) continue;
    const Peak peak = peak_of(curve_of(part, within.subspan(from, to - from)));
    const double off =
        (peak.at + static_cast<double>(from) - whole.at - static_cast<double>(i * length)) /
        samples_per_ms;
    if (std::abs(off) > parts_agree_ms) {
      ++astray;
      continue;
    }
    squares += off * off;
    ++counted;
  }
  if (counted == 0 || astray > counted) return {};
  return std::sqrt(squares) / static_cast<double>(counted);
}

}  // namespace

std::vector<float> prepare_for_match(std::span<const std::int16_t> samples, std::uint32_t rate_hz) {
  if (rate_hz < 4000 || rate_hz > 192'000 || samples.empty()) return {};
  std::vector<float> in(samples.size());
  std::ranges::transform(samples, in.begin(),
                         [](std::int16_t sample) { return static_cast<float>(sample) / 32768; });
  std::vector<float> out(samples.size() * match_rate_hz / rate_hz + 1);
  if (rate_hz == match_rate_hz) {
    out = std::move(in);
  } else {
    const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_MQ, 0);
    std::size_t made = 0;
    if (soxr_oneshot(rate_hz, match_rate_hz, 1, in.data(), in.size(), nullptr, out.data(),
                     out.size(), &made, &io, &quality, nullptr) != nullptr)
      return {};
    out.resize(made);
  }
  for (std::size_t i = out.size(); i-- > 1;) out[i] -= tilt * out[i - 1];
  if (!out.empty()) out[0] = 0;
  return out;
}

std::optional<WaveformMatch> find_waveform(std::span<const float> sound,
                                           std::span<const float> within) {
  if (sound.size() < sound_samples_min || within.size() <= sound.size()) return {};
  if (power_of(sound) < power_min) return {};
  const std::vector<double> curve = curve_of(sound, within);
  const Peak peak = peak_of(curve);
  // At an end it may be higher yet beyond.
  if (peak.value < correlation_min || peak.at < 1 ||
      peak.at > static_cast<double>(curve.size()) - 2 || is_there_twice(curve, peak))
    return {};
  const auto scatter = disagreement_ms(sound, within, peak);
  if (!scatter) return {};
  return WaveformMatch{.offset_ms = peak.at / samples_per_ms,
                       .sigma_ms = std::max(0.05, *scatter),
                       .correlation = peak.value};
}

double correlation_at_offset(std::span<const float> sound, std::span<const float> within,
                             double offset_ms) {
  const auto at = std::lround(offset_ms * samples_per_ms);
  if (at < 0 || sound.empty() || static_cast<std::size_t>(at) + sound.size() > within.size())
    return 0;
  const std::span<const float> there = within.subspan(static_cast<std::size_t>(at), sound.size());
  const double power = power_of(sound) * power_of(there);
  if (power_of(sound) < power_min || power < 1e-18) return 0;
  return double{dot(sound, there.data())} / static_cast<double>(sound.size()) / std::sqrt(power);
}

}  // namespace earshot::recording
