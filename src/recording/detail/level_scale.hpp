#pragma once
// Where in a track of levels speech begins, and the track in decibels above a floor, which is what
// correlation works on. Pure.

#include <cstdint>
#include <span>
#include <vector>

namespace earshot::recording::detail {

struct LevelScale {
  double speech_dbfs = 0;  // from here on it is speech
  double quiet_dbfs = 0;   // below it nothing is heard in a mix
  double floor_dbfs = 0;   // everything lower counts as this low
  bool has_speech = false;
};

enum class NoData { unknown, silence };

LevelScale scale_of(std::span<const std::uint8_t> levels, NoData no_data);

// Decibels above the floor, 0 and up, smoothed over three slots so that shifts of fractions of a
// slot can be told. 0 where there is no data.
std::vector<float> decibels_above_floor(std::span<const std::uint8_t> levels,
                                        const LevelScale& scale);

// Slots of at least that level.
std::vector<std::uint8_t> at_least(std::span<const std::uint8_t> levels, double dbfs);
// Slots with a marked one no further than `reach` away.
std::vector<std::uint8_t> dilated(std::span<const std::uint8_t> marks, std::int64_t reach);

}  // namespace earshot::recording::detail
