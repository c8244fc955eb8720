#include "recording/detail/level_scale.hpp"

#include "domain/level_meter.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace earshot::recording::detail {

namespace {

constexpr double lowest_speech_dbfs = -60;
constexpr double noise_margin_db = 10;
constexpr double speech_range_db = 30;
constexpr double speech_range_min_db = 8;
constexpr double floor_below_speech_db = 6;
constexpr std::uint64_t peak_slots = 50;

double dbfs_of(std::size_t byte) { return (static_cast<double>(byte) - 255) * level_db_per_step; }

}  // namespace

LevelScale scale_of(std::span<const std::uint8_t> levels, NoData no_data) {
  std::array<std::uint64_t, 256> count{};
  for (const std::uint8_t level : levels) ++count[level];
  if (no_data == NoData::silence) count[level_silence] += count[level_no_data];
  count[level_no_data] = 0;
  std::uint64_t total = 0;
  for (const std::uint64_t n : count) total += n;

  LevelScale scale;
  if (total == 0) return scale;
  std::size_t noise = level_silence;
  for (std::uint64_t below = 0; noise < 255; ++noise) {
    below += count[noise];
    if (below * 5 > total) break;
  }
  std::size_t peak = 255;
  for (std::uint64_t above = 0; peak > level_silence; --peak) {
    above += count[peak];
    if (above >= peak_slots) break;
  }
  const double peak_dbfs = dbfs_of(peak);
  const double noise_dbfs = dbfs_of(noise);
  // A steady noise or tone has no edges to tell a time by.
  scale.has_speech =
      peak_dbfs > lowest_speech_dbfs && peak_dbfs - noise_dbfs >= speech_range_min_db;
  const double above_noise = std::max(noise_dbfs + noise_margin_db, peak_dbfs - speech_range_db);
  // A track that hardly pauses has its own quieter half as "noise": at most 15 below the peak then.
  scale.speech_dbfs = std::max(
      lowest_speech_dbfs, scale.has_speech ? std::min(above_noise, peak_dbfs - 15) : above_noise);
  scale.quiet_dbfs = std::max(lowest_speech_dbfs, scale.speech_dbfs - floor_below_speech_db);
  scale.floor_dbfs = scale.speech_dbfs - floor_below_speech_db;
  return scale;
}

std::vector<float> decibels_above_floor(std::span<const std::uint8_t> levels,
                                        const LevelScale& scale) {
  std::array<float, 256> table{};
  for (std::size_t byte = level_lowest; byte < table.size(); ++byte)
    table[byte] = static_cast<float>(std::max(0.0, dbfs_of(byte) - scale.floor_dbfs));
  std::vector<float> out(levels.size());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const float here = table[levels[i]];
    const float before = i > 0 ? table[levels[i - 1]] : here;
    const float behind = i + 1 < levels.size() ? table[levels[i + 1]] : here;
    out[i] = 0.25F * before + 0.5F * here + 0.25F * behind;
  }
  return out;
}

std::vector<std::uint8_t> at_least(std::span<const std::uint8_t> levels, double dbfs) {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t byte = level_lowest; byte < table.size(); ++byte)
    table[byte] = dbfs_of(byte) >= dbfs ? 1 : 0;
  std::vector<std::uint8_t> out(levels.size());
  std::ranges::transform(levels, out.begin(), [&](std::uint8_t level) { return table[level]; });
  return out;
}

std::vector<std::uint8_t> dilated(std::span<const std::uint8_t> marks, std::int64_t reach) {
  const auto size = static_cast<std::int64_t>(marks.size());
  std::vector<std::uint8_t> out(marks.size());
  std::int64_t marked_until = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    if (!marks[static_cast<std::size_t>(i)]) continue;
    for (std::int64_t k = std::max(marked_until, i - reach); k < std::min(size, i + reach + 1); ++k)
      out[static_cast<std::size_t>(k)] = 1;
    marked_until = i + reach + 1;
  }
  return out;
}

}  // namespace earshot::recording::detail
