#pragma once
// Spoken words as samples, by the espeak-ng program. Results are kept in memory by (text, voice,
// rate), so that a phrase costs one process.

#include "base/executor.hpp"
#include "base/task.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace earshot::simulator {

using Pcm = std::vector<std::int16_t>;  // mono

struct SpeechRequest {
  std::string text;
  std::string voice = "en-us";  // an espeak-ng voice: "en-us+f3"
  int words_per_minute = 160;
  std::uint32_t sample_rate_hz = 24000;
};

class Speech {
 public:
  virtual ~Speech() = default;
  // `unavailable` when espeak-ng is not installed or fails; says how to install it.
  virtual Task<Result<Pcm>> speak(SpeechRequest request) = 0;
};

// Runs espeak-ng on `offload`'s threads.
std::unique_ptr<Speech> make_espeak(Offload& offload);
// For tests without a process: a tone whose pitch and length follow from the text, the same every
// time.
std::unique_ptr<Speech> make_hum();

// Changes the rate (soxr, high quality).
Pcm resample(const Pcm& samples, std::uint32_t from_hz, std::uint32_t to_hz);

}  // namespace earshot::simulator
