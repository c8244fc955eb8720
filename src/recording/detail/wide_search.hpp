#pragma once
// Looks for a stretch's place far from where its metadata has it: a few clear units of both sides,
// at all lags, must agree on one. Pure.

#include "recording/detail/lag_path.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace earshot::recording::detail {

// The lag around which both sides lie; nullopt when there is none, or more than one.
std::optional<std::int64_t> search_widely(std::span<const LevelUnit> caller,
                                          const RecordedTrack& caller_track,
                                          std::span<const LevelUnit> assistant,
                                          const RecordedTrack& assistant_track, std::int64_t reach);

// The recording is silent where the unit should be.
bool is_unheard(const LevelUnit& unit, const RecordedTrack& track, std::int64_t expected_lag);

}  // namespace earshot::recording::detail
