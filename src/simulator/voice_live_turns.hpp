#pragma once
// Turn detection of the simulator's assistant: from the energy of the audio that was appended, with
// times padded as Voice Live pads them. Pure; counts samples, knows no clock. Facts: audio_start_ms
// already reaches back by prefix_padding_ms; audio_end_ms still holds the silence window.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace earshot::simulator {

struct TurnDetection {
  std::uint32_t sample_rate_hz = 24000;
  double threshold_dbfs = -42;  // a 20 ms frame at or above it is speech
  int prefix_padding_ms = 400;
  int speech_duration_ms = 200;   // so much speech starts a turn
  int silence_duration_ms = 500;  // so much silence ends it
};

struct TurnBoundary {
  bool started = false;        // false: stopped
  std::int64_t at_ms = 0;      // audio_start_ms or audio_end_ms
  std::int64_t speech_ms = 0;  // of a stop: from the first speech frame to the last
};

class TurnDetector {
 public:
  explicit TurnDetector(TurnDetection detection) : detection_(detection) {}
  // In order of time. Rates and windows change from here on; the sample clock goes on.
  void configure(TurnDetection detection) { detection_ = detection; }
  std::vector<TurnBoundary> append(std::span<const std::int16_t> samples);
  bool in_speech() const { return in_speech_; }
  std::int64_t appended_ms() const {
    return static_cast<std::int64_t>(samples_seen_ * 1000 / detection_.sample_rate_hz);
  }

 private:
  std::optional<TurnBoundary> frame_ended(bool speech);

  TurnDetection detection_;
  std::uint64_t samples_seen_ = 0;
  std::uint64_t frame_samples_ = 0;
  double frame_energy_ = 0;
  bool in_speech_ = false;
  int speech_run_ms_ = 0;
  int silence_run_ms_ = 0;
  std::int64_t speech_began_ms_ = 0;
};

}  // namespace earshot::simulator
