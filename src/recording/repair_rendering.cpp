#include "recording/repair_rendering.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace earshot::recording {
namespace {

constexpr std::int64_t slots_per_second = 50;
constexpr int slots_min = 10;        // 200 ms of speech that can be compared
constexpr double speech_rms = 200;   // of 32768: -44 dB, above the noise of a telephone line
constexpr double alone_power = 100;  // the other side is 20 dB below
constexpr double gain_max = 4;       // 12 dB either way; more is no difference of level

// 0 at 0, 1 at 1, level at both ends.
double ease(double part) {
  return 0.5 - 0.5 * std::cos(std::numbers::pi * std::clamp(part, 0.0, 1.0));
}

double power(const TapStretch& tap, std::size_t side, std::int64_t first, std::int64_t frames) {
  double sum = 0;
  for (std::int64_t i = first; i < first + frames; ++i) {
    const double sample = tap.at(i, side);
    sum += sample * sample;
  }
  return sum / static_cast<double>(std::max<std::int64_t>(frames, 1));
}

// A side's sound at a frame of the call's clock; a change of delay is a cross-fade.
double side_at(const SidePlacing& placing, const TapStretch& tap, std::size_t side,
               std::int64_t frame, std::int64_t fade) {
  const double before = tap.at(frame - placing.delay_before, side);
  if (placing.delay_before == placing.delay_after) return before * placing.gain;
  const double after = tap.at(frame - placing.delay_after, side);
  const double part =
      ease(static_cast<double>(frame - placing.turn) / static_cast<double>(fade) + 0.5);
  return (before * (1 - part) + after * part) * placing.gain;
}

}  // namespace

std::vector<ChannelSides> sides_on(const std::vector<Voice>& voices) {
  const bool told = std::ranges::any_of(
      voices, [](Voice voice) { return voice == Voice::caller || voice == Voice::assistant; });
  std::vector<ChannelSides> out;
  out.reserve(voices.size());
  for (const auto voice : voices)
    out.push_back(told ? ChannelSides{{voice == Voice::caller, voice == Voice::assistant}}
                       : ChannelSides{{true, true}});
  return out;
}

TapNeed tap_needed(const FillPlan& plan, std::int64_t first, std::int64_t count) {
  auto low = std::numeric_limits<std::int64_t>::max();
  auto high = std::numeric_limits<std::int64_t>::min();
  for (const auto& side : plan.sides)
    for (const auto delay : {side.delay_before, side.delay_after}) {
      low = std::min(low, first - delay);
      high = std::max(high, first + count - delay);
    }
  return {.first = low, .frames = high - low};
}

void render(const FillPlan& plan, const TapStretch& tap, std::uint32_t rate_hz, std::int64_t first,
            std::int64_t count, Bytes& out) {
  const std::int64_t fade = std::max<std::int64_t>(1, fade_ms * rate_hz / 1000);
  const auto end = plan.first + plan.frames;
  out.reserve(out.size() + static_cast<std::size_t>(count) * plan.channels.size() * 2);
  for (std::int64_t frame = first; frame < first + count; ++frame) {
    std::array<double, side_count> sides{};
    for (std::size_t side = 0; side < side_count; ++side)
      sides[side] = side_at(plan.sides[side], tap, side, frame, fade);
    // The recording's last sample fades away while the tap's sound comes up, so that there is no
    // step, hence no click; and the same way round at the end.
    const double up = ease(static_cast<double>(frame - plan.first + 1) / static_cast<double>(fade));
    const double down = ease(static_cast<double>(end - frame) / static_cast<double>(fade));
    for (std::size_t channel = 0; channel < plan.channels.size(); ++channel) {
      double sample = 0;
      for (std::size_t side = 0; side < side_count; ++side)
        if (plan.channels[channel].has[side]) sample += sides[side];
      sample *= up * down;
      if (channel < plan.sample_before.size()) sample += plan.sample_before[channel] * (1 - up);
      if (channel < plan.sample_after.size()) sample += plan.sample_after[channel] * (1 - down);
      const auto limited = std::clamp<long>(std::lround(sample), -32768, 32767);
      const auto bits = static_cast<std::uint16_t>(limited);
      out.push_back(static_cast<std::uint8_t>(bits));
      out.push_back(static_cast<std::uint8_t>(bits >> 8));
    }
  }
}

LevelMatch::LevelMatch(std::uint32_t rate_hz, std::vector<ChannelSides> channels)
    : slot_(std::max<std::int64_t>(1, rate_hz / slots_per_second)),
      channels_(std::move(channels)) {}

void LevelMatch::compare(std::span<const std::int16_t> recorded, std::int64_t first,
                         const TapStretch& tap,
                         const std::array<std::int64_t, side_count>& delays) {
  const auto width = channels_.size();
  const auto frames = static_cast<std::int64_t>(recorded.size() / std::max<std::size_t>(width, 1));
  for (std::int64_t at = 0; at + slot_ <= frames; at += slot_) {
    std::array<double, side_count> powers{};
    for (std::size_t side = 0; side < side_count; ++side)
      powers[side] = power(tap, side, first + at - delays[side], slot_);
    for (std::size_t side = 0; side < side_count; ++side) {
      if (powers[side] < speech_rms * speech_rms) continue;
      for (std::size_t channel = 0; channel < width; ++channel) {
        const auto& sides = channels_[channel].has;
        if (!sides[side]) continue;
        const auto other = 1 - side;
        if (sides[other] && powers[other] * alone_power > powers[side]) continue;
        double sum = 0;
        for (std::int64_t i = at; i < at + slot_; ++i) {
          const double sample = recorded[static_cast<std::size_t>(i) * width + channel];
          sum += sample * sample;
        }
        sums_[side].recorded += sum / static_cast<double>(slot_);
        sums_[side].tap += powers[side];
        ++sums_[side].slots;
      }
    }
  }
}

double LevelMatch::gain(Speaker side) const {
  const auto& sums = sums_[side_index(side)];
  if (sums.slots < slots_min || sums.tap <= 0) return 1;
  const double gain = std::sqrt(sums.recorded / sums.tap);
  // The recording has nothing of this side there: its level cannot be told.
  if (gain < 1 / gain_max / gain_max) return 1;
  return std::clamp(gain, 1 / gain_max, gain_max);
}

std::int64_t quietest_place(const TapStretch& tap, std::size_t side, const SidePlacing& placing,
                            std::int64_t from, std::int64_t to, std::uint32_t rate_hz) {
  const std::int64_t slot = std::max<std::int64_t>(1, rate_hz / slots_per_second);
  const auto middle = from + (to - from) / 2;
  auto best = middle;
  double least = std::numeric_limits<double>::max();
  for (auto at = from; at + slot <= to; at += slot) {
    const double sound = power(tap, side, at - placing.delay_before, slot) +
                         power(tap, side, at - placing.delay_after, slot);
    // Of places that are equally quiet the one nearest to the middle.
    const bool nearer = std::abs(at + slot / 2 - middle) < std::abs(best - middle);
    if (sound > least || (sound == least && !nearer)) continue;
    least = sound;
    best = at + slot / 2;
  }
  return best;
}

}  // namespace earshot::recording
