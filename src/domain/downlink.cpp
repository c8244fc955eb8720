#include "domain/downlink.hpp"

#include <algorithm>

namespace earshot {
namespace {

// Of an even number, the mean of the two in the middle. Not of none.
Duration middle_of(std::vector<Duration> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  if (values.size() % 2 == 1) return values[half];
  return (values[half - 1] + values[half]) / 2;
}

Duration spread_around(Duration middle, std::vector<Duration> values) {
  for (Duration& value : values) value = std::chrono::abs(value - middle);
  return middle_of(std::move(values));
}

}  // namespace

std::optional<MeasuredDownlink> measure_downlink(const ContextId& call, WallTime at,
                                                 const std::vector<Turn>& turns) {
  std::vector<Duration> delays;
  std::vector<Duration> uncertainties;
  for (const Turn& turn : turns) {
    if (!turn.cut || !turn.verified || turn.verified->uncertainty > downlink_uncertainty_max)
      continue;
    if (turn.cut->played_until < turn.cut->stop_left) continue;
    delays.push_back(turn.cut->stop_left - turn.verified->end);
    uncertainties.push_back(turn.verified->uncertainty);
  }
  if (delays.empty()) return std::nullopt;
  const int cuts = static_cast<int>(delays.size());
  return MeasuredDownlink{.call = call,
                          .at = at,
                          .delay = middle_of(std::move(delays)),
                          .uncertainty = middle_of(std::move(uncertainties)),
                          .cuts = cuts};
}

std::optional<Duration> estimate_downlink(std::span<const MeasuredDownlink> recent) {
  std::vector<Duration> delays;
  for (const MeasuredDownlink& one : recent)
    if (one.uncertainty <= downlink_uncertainty_max) delays.push_back(one.delay);
  if (delays.empty()) return std::nullopt;
  const Duration middle = middle_of(delays);
  if (spread_around(middle, std::move(delays)) > downlink_spread_max) return std::nullopt;
  return std::clamp(middle, Duration{0}, downlink_max);
}

}  // namespace earshot
