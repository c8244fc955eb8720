#include "recording/detail/wide_search.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace earshot::recording::detail {

namespace {

constexpr std::size_t units_tried = 16;
constexpr std::size_t units_tried_far = 6;
constexpr std::size_t far_lags = 100'000;
// The two sides, and the runs of one, lie this far apart.
constexpr std::int64_t spread_slots = 15;
// Beyond this it is another place.
constexpr std::int64_t elsewhere_slots = 60;
constexpr double evidence_min = 8;  // beyond what the best of so many lags has by chance
constexpr double lead_min = 8;      // before the second-best place
// Where another place has more of what the best one has, the sound repeats itself, and which of
// them it is the ends of the sound alone would say.
constexpr double second_share_max = 0.5;

std::vector<const LevelUnit*> clearest(std::span<const LevelUnit> units, std::size_t count,
                                       const RecordedTrack& track, std::int64_t reach) {
  std::vector<const LevelUnit*> chosen;
  for (const LevelUnit& unit : units)
    if (unit.end_slot() - track.origin + reach > 0 &&
        unit.first_slot - track.origin - reach < track.size())
      chosen.push_back(&unit);
  std::ranges::sort(chosen, [](const LevelUnit* a, const LevelUnit* b) {
    return a->independent > b->independent;
  });
  if (chosen.size() > count) chosen.resize(count);
  return chosen;
}

void vote(std::vector<double>& votes, const LevelUnit& unit, const RecordedTrack& track,
          std::int64_t first) {
  const std::vector<Correlation> values = correlations(unit, track, first, votes.size());
  std::vector<double> one(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    // Half of it outside the stretch says nothing, against it neither.
    one[i] =
        values[i].overlap < unit.active / 2 ? 0 : std::clamp(evidence(unit, values[i]), -4.0, 40.0);
  const auto size = static_cast<std::int64_t>(one.size());
  // The best within the spread: a sliding maximum.
  std::vector<std::int64_t> falling;
  std::size_t front = 0;
  std::int64_t next = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    for (; next < std::min(size, i + spread_slots + 1); ++next) {
      while (falling.size() > front &&
             one[static_cast<std::size_t>(falling.back())] <= one[static_cast<std::size_t>(next)])
        falling.pop_back();
      falling.push_back(next);
    }
    while (falling[front] < i - spread_slots) ++front;
    votes[static_cast<std::size_t>(i)] += one[static_cast<std::size_t>(falling[front])];
  }
}

}  // namespace

std::optional<std::int64_t> search_widely(std::span<const LevelUnit> caller,
                                          const RecordedTrack& caller_track,
                                          std::span<const LevelUnit> assistant,
                                          const RecordedTrack& assistant_track,
                                          std::int64_t reach) {
  const auto count = static_cast<std::size_t>(2 * reach + 1);
  const std::size_t tried = count > far_lags ? units_tried_far : units_tried;
  std::vector<double> votes(count);
  for (const LevelUnit* unit : clearest(caller, tried, caller_track, reach))
    vote(votes, *unit, caller_track, -reach);
  for (const LevelUnit* unit : clearest(assistant, tried, assistant_track, reach))
    vote(votes, *unit, assistant_track, -reach);
  // The plateau's middle: all lags within the spread got the same vote.
  const auto best = std::ranges::max_element(votes);
  auto end = best;
  while (end != votes.end() && *end == *best) ++end;
  const std::int64_t at = (best - votes.begin() + (end - 1 - votes.begin())) / 2;
  double second = 0;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(count); ++i)
    if (std::abs(i - at) > elsewhere_slots)
      second = std::max(second, votes[static_cast<std::size_t>(i)]);
  if (*best < evidence_min + std::log(static_cast<double>(count)) || *best - second < lead_min ||
      second > *best * second_share_max)
    return {};
  return at - reach;
}

bool is_unheard(const LevelUnit& unit, const RecordedTrack& track, std::int64_t expected_lag) {
  constexpr std::int64_t around = 25;
  constexpr float heard_db = 1;
  double heard = 0;
  const std::int64_t from = unit.first_slot - track.origin + expected_lag - around;
  const std::int64_t to = from + static_cast<std::int64_t>(unit.level.size()) + 2 * around;
  for (std::int64_t k = std::max<std::int64_t>(0, from); k < std::min(track.size(), to); ++k)
    if (track.level[static_cast<std::size_t>(k)] > heard_db) heard += 1;
  return heard * 10 < unit.speech;
}

}  // namespace earshot::recording::detail
