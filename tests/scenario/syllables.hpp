#pragma once
// Sound that is laid out as speech is: syllables of uneven length and loudness, hissed and hummed,
// with a word's pause now and then. No stretch of it fits in two places.

#include "simulator/call_plan.hpp"
#include "simulator/speech.hpp"

#include <cstdint>
#include <string>

namespace earshot::scenario {

// The same seed gives the same sound. About -20 dBFS while it sounds.
simulator::Pcm make_syllables(std::uint64_t seed, Duration length, std::uint32_t rate_hz);

// Each line lasts `a_word` for each of its words, and no two sound alike.
class SyllableSpeech : public simulator::Speech {
 public:
  static constexpr Duration a_word = 400ms;
  Task<Result<simulator::Pcm>> speak(simulator::SpeechRequest request) override;

 private:
  std::uint64_t next_ = 1000;
};

simulator::CallerUtterance say_syllables(simulator::CallerStart start, Duration delay,
                                         Duration length, std::uint64_t seed);

}  // namespace earshot::scenario
