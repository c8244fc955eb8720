#include "simulator/voice_live_turns.hpp"

#include <algorithm>
#include <cmath>

namespace earshot::simulator {
namespace {

constexpr int frame_ms = 20;

}  // namespace

std::vector<TurnBoundary> TurnDetector::append(std::span<const std::int16_t> samples) {
  std::vector<TurnBoundary> boundaries;
  const std::uint64_t frame_length = std::uint64_t{detection_.sample_rate_hz} * frame_ms / 1000;
  for (const std::int16_t sample : samples) {
    frame_energy_ += static_cast<double>(sample) * sample;
    ++samples_seen_;
    if (++frame_samples_ < frame_length) continue;
    const double rms = std::sqrt(frame_energy_ / static_cast<double>(frame_samples_));
    const double dbfs = rms < 1 ? -120 : 20 * std::log10(rms / 32768.0);
    frame_samples_ = 0;
    frame_energy_ = 0;
    if (const auto boundary = frame_ended(dbfs >= detection_.threshold_dbfs))
      boundaries.push_back(*boundary);
  }
  return boundaries;
}

std::optional<TurnBoundary> TurnDetector::frame_ended(bool speech) {
  const std::int64_t now_ms = appended_ms();
  if (speech) {
    if (speech_run_ms_ == 0 && !in_speech_) speech_began_ms_ = now_ms - frame_ms;
    speech_run_ms_ += frame_ms;
    silence_run_ms_ = 0;
  } else {
    silence_run_ms_ += frame_ms;
    // Words have gaps: a short one does not begin the count anew.
    if (!in_speech_ && silence_run_ms_ >= 100) speech_run_ms_ = 0;
  }
  if (!in_speech_ && speech_run_ms_ >= detection_.speech_duration_ms) {
    in_speech_ = true;
    return TurnBoundary{
        .started = true,
        .at_ms = std::max<std::int64_t>(0, speech_began_ms_ - detection_.prefix_padding_ms)};
  }
  if (in_speech_ && silence_run_ms_ >= detection_.silence_duration_ms) {
    in_speech_ = false;
    speech_run_ms_ = 0;
    return TurnBoundary{.started = false,
                        .at_ms = now_ms,
                        .speech_ms = now_ms - silence_run_ms_ - speech_began_ms_};
  }
  return std::nullopt;
}

}  // namespace earshot::simulator
