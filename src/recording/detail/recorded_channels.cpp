#include "recording/detail/recorded_channels.hpp"

#include "domain/level_meter.hpp"
#include "recording/detail/lag_path.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace earshot::recording::detail {

namespace {

constexpr std::size_t channels_max = 8;
// Units that are tried on each channel of each stretch.
constexpr std::size_t units_tried = 12;
constexpr double evidence_min = 8;

// How much of a side is found in a channel.
double presence(std::span<const LevelUnit> units, const RecordedTrack& track, std::int64_t reach) {
  std::size_t tried = 0;
  double sum = 0;
  for (const LevelUnit& unit : units) {
    const std::int64_t from = unit.first_slot - track.origin;
    if (from < 0 || unit.end_slot() - track.origin > track.size()) continue;
    if (tried++ == units_tried) break;
    double best = 0;
    const auto count = static_cast<std::size_t>(2 * reach + 1);
    for (const Correlation& value : correlations(unit, track, -reach, count))
      best = std::max(best, evidence(unit, value));
    // The best of many lags is something by chance alone.
    sum += std::max(0.0, best - std::log(static_cast<double>(count)));
  }
  return sum;
}

std::optional<std::uint32_t> best_channel(const std::array<double, channels_max>& presence,
                                          std::optional<std::uint32_t> taken) {
  std::optional<std::uint32_t> best;
  for (std::uint32_t i = 0; i < channels_max; ++i)
    if (i != taken && presence[i] >= evidence_min && (!best || presence[i] > presence[*best]))
      best = i;
  return best;
}

}  // namespace

SideChannels find_channels(std::span<const StretchLevels> recorded,
                           std::span<const LevelUnit> caller, std::span<const LevelUnit> assistant,
                           const AlignmentOptions& options) {
  SideChannels channels{.mixed = options.channels == RecordingChannels::mixed,
                        .caller = options.caller_channel,
                        .assistant = options.assistant_channel};
  if (channels.mixed) return SideChannels{};
  if (channels.caller && channels.assistant) return channels;
  std::array<double, channels_max> of_caller{};
  std::array<double, channels_max> of_assistant{};
  const std::int64_t reach = options.search / level_slot;
  for (const StretchLevels& levels : recorded)
    for (std::size_t i = 0; i < std::min(channels_max, levels.channels.size()); ++i) {
      const RecordedTrack track = track_of(levels.stretch, levels.channels[i]);
      of_caller[i] += presence(caller, track, reach);
      of_assistant[i] += presence(assistant, track, reach);
    }
  // The clearer of the two first.
  const bool caller_first = std::ranges::max(of_caller) >= std::ranges::max(of_assistant);
  if (caller_first && !channels.caller)
    channels.caller = best_channel(of_caller, channels.assistant);
  if (!channels.assistant) channels.assistant = best_channel(of_assistant, channels.caller);
  if (!channels.caller) channels.caller = best_channel(of_caller, channels.assistant);
  return channels;
}

std::vector<std::uint8_t> mixed_levels(const StretchLevels& levels) {
  if (levels.channels.empty()) return {};
  if (levels.channels.size() == 1) return levels.channels[0];
  std::array<double, 256> power{};
  for (std::size_t byte = level_lowest; byte < power.size(); ++byte)
    power[byte] = std::pow(10, level_dbfs(static_cast<std::uint8_t>(byte)) / 10);
  std::vector<std::uint8_t> out(levels.channels[0].size(), level_no_data);
  for (std::size_t k = 0; k < out.size(); ++k) {
    double sum = 0;
    bool any = false;
    for (const auto& channel : levels.channels) {
      sum += power[channel[k]];
      any = any || channel[k] != level_no_data;
    }
    if (!any) continue;
    const double mean = sum / static_cast<double>(levels.channels.size());
    out[k] = mean <= 0 ? level_silence
                       : static_cast<std::uint8_t>(
                             std::clamp(std::round(255 + 10 * std::log10(mean) / level_db_per_step),
                                        double{level_lowest}, double{level_full_scale}));
  }
  return out;
}

std::vector<std::uint8_t> levels_of(const StretchLevels& levels, const SideChannels& channels,
                                    Speaker side) {
  if (channels.mixed) return mixed_levels(levels);
  const auto channel = channels.of(side);
  if (channel && *channel < levels.channels.size()) return levels.channels[*channel];
  const std::size_t size = levels.channels.empty() ? 0 : levels.channels[0].size();
  return std::vector<std::uint8_t>(size, level_silence);
}

}  // namespace earshot::recording::detail
