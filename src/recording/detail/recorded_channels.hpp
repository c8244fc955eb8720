#pragma once
// Which channel of a recording holds which side, and that channel's levels. Pure.

#include "recording/alignment.hpp"
#include "recording/detail/level_units.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace earshot::recording::detail {

struct SideChannels {
  bool mixed = true;
  std::optional<std::uint32_t> caller;
  std::optional<std::uint32_t> assistant;
  std::optional<std::uint32_t> of(Speaker side) const {
    return side == Speaker::caller ? caller : assistant;
  }
};

// In a mixed file both sides are in all channels. In an unmixed one, what the options say; else the
// channel in which that side's speech is found, if there is one.
SideChannels find_channels(std::span<const StretchLevels> recorded,
                           std::span<const LevelUnit> caller, std::span<const LevelUnit> assistant,
                           const AlignmentOptions& options);

// The power of all channels, in the mean.
std::vector<std::uint8_t> mixed_levels(const StretchLevels& levels);
// Of one side. Silence when it has no channel.
std::vector<std::uint8_t> levels_of(const StretchLevels& levels, const SideChannels& channels,
                                    Speaker side);

}  // namespace earshot::recording::detail
