#pragma once
// The shift of some neighbouring units together, to fractions of a slot, with its standard error.
// Pure.

#include "recording/detail/lag_path.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace earshot::recording::detail {

struct WindowShift {
  double shift_ms = 0;
  double sigma_ms = 0;  // standard error, from leaving parts out
  double score = 0;     // correlation at the peak
};

// `units` lie at lags close to `lag`. nullopt when there is no peak near it.
std::optional<WindowShift> shift_of(std::span<const LevelUnit* const> units,
                                    const RecordedTrack& track, std::int64_t lag);

}  // namespace earshot::recording::detail
