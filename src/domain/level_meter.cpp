#include "domain/level_meter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace earshot {

std::uint64_t sum_of_squares(std::span<const std::int16_t> samples) {
  // Sums of two squares fit 32 bits unsigned; wide adds happen once a pair. Compilers turn this
  // into multiply-add over vectors.
  std::uint64_t sum = 0;
  const std::int16_t* at = samples.data();
  const std::size_t pairs = samples.size() / 2;
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::int32_t a = at[2 * i];
    const std::int32_t b = at[2 * i + 1];
    sum += static_cast<std::uint32_t>(a * a) + static_cast<std::uint32_t>(b * b);
  }
  if (samples.size() % 2 != 0) {
    const std::int32_t last = samples.back();
    sum += static_cast<std::uint32_t>(last * last);
  }
  return sum;
}

std::uint8_t level_of(std::span<const std::int16_t> samples) {
  if (samples.empty()) return level_no_data;
  const std::uint64_t sum = sum_of_squares(samples);
  if (sum == 0) return level_silence;
  constexpr double full_scale_squared = 32768.0 * 32768.0;
  const double power =
      static_cast<double>(sum) / (static_cast<double>(samples.size()) * full_scale_squared);
  const double steps = 10.0 * std::log10(power) / level_db_per_step;
  const double byte = std::round(static_cast<double>(level_full_scale) + steps);
  return static_cast<std::uint8_t>(
      std::clamp(byte, double{level_lowest}, double{level_full_scale}));
}

double level_dbfs(std::uint8_t level) {
  if (level == level_no_data) return std::numeric_limits<double>::quiet_NaN();
  if (level == level_silence) return -std::numeric_limits<double>::infinity();
  return (static_cast<double>(level) - level_full_scale) * level_db_per_step;
}

}  // namespace earshot
