#pragma once
// The loudness of a stretch of audio in one byte. Bytes of the ledger:
//   0        no data: nothing arrived for this time
//   1        digital silence: every sample is zero
//   2..255   RMS level, 0.4 dB a step: dBFS = (byte - 255) * 0.4; 255 is a full-scale square wave,
//            2 is -101.2 dBFS or anything quieter than that
// Pure.

#include <cstdint>
#include <span>

namespace earshot {

inline constexpr std::uint8_t level_no_data = 0;
inline constexpr std::uint8_t level_silence = 1;
inline constexpr std::uint8_t level_lowest = 2;
inline constexpr std::uint8_t level_full_scale = 255;
inline constexpr double level_db_per_step = 0.4;

// Of no samples: level_no_data.
std::uint8_t level_of(std::span<const std::int16_t> samples);
// -infinity for silence; NaN for no data.
double level_dbfs(std::uint8_t level);

std::uint64_t sum_of_squares(std::span<const std::int16_t> samples);

}  // namespace earshot
