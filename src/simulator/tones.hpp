#pragma once
// Numbered tones: a number coded in sound so that it can be read back from a recording, after
// mixing with the other party and resampling to 16 kHz. Four digits to the base 8, each one sine of
// eight in a band of its own, all at once; caller and assistant use different bands, all between
// 300 and 6700 Hz and all multiples of 100 Hz, so that they are orthogonal over 20 ms.

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace earshot::simulator {

enum class Party { caller, assistant };

constexpr unsigned tone_numbers = 4096;

// The sound of number % tone_numbers; ramps of 2 ms at both ends when it is longer than a frame.
std::vector<std::int16_t> make_tone(Party party, unsigned number, Duration length,
                                    std::uint32_t rate_hz);

struct ToneSeries {
  Party party = Party::caller;
  unsigned first = 0;
  unsigned count = 10;
  Duration period = 500ms;
  Duration length = 400ms;
  std::uint32_t rate_hz = 24000;
};
std::vector<std::int16_t> make_tones(const ToneSeries& series);

// The number in this window of sound (20 ms or more), if it holds one of that party's tones
// throughout.
std::optional<unsigned> decode_tone(std::span<const std::int16_t> window, std::uint32_t rate_hz,
                                    Party party);

struct HeardTone {
  unsigned number = 0;
  double start_s = 0;  // exact to about 2 ms
  double end_s = 0;
};
// Every tone of that party that sounds for at least 50 ms, in order.
std::vector<HeardTone> decode_tones(std::span<const std::int16_t> samples, std::uint32_t rate_hz,
                                    Party party);

}  // namespace earshot::simulator
