#include "recording/detail/lag_path.hpp"

#include "domain/level_meter.hpp"
#include "recording/detail/level_scale.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace earshot::recording::detail {

namespace {

// Probabilities of the model. Units are a few seconds long.
constexpr double lag_changes = 0.003;       // from one unit to the next
constexpr double lag_changes_at_run = 0.3;  // at a run's first unit
constexpr double becomes_unmatched = 0.02;
constexpr double becomes_matched = 0.1;
constexpr double change_is_small = 0.6;    // within small_change
constexpr std::int64_t small_change = 25;  // lags: half a second
constexpr double stays_exactly = 0.9;      // the rest: one lag up or down
// Of a unit's slots, this share must lie in the stretch; with less, nothing is known.
constexpr double overlap_min = 0.25;
// Units to either side that are asked together whether other lags would do as well, and how much
// of the evidence those may have.
constexpr std::size_t units_beside = 5;
constexpr double rival_share_max = 0.7;
// The best of hundreds of lags has about this much by chance.
constexpr double evidence_by_chance = 4;
constexpr std::int64_t other_lag_apart = 8;
constexpr double wholly_inside = 0.8;

// Of true matches the correlation's Fisher z is spread about this much.
constexpr double true_z_mean = 1.0;
constexpr double true_z_variance = 0.35 * 0.35;

double log_normal(double x, double mean, double variance) {
  return -0.5 * ((x - mean) * (x - mean) / variance + std::log(variance));
}

}  // namespace

RecordedTrack track_of(const RecordedStretch& stretch, std::span<const std::uint8_t> levels) {
  RecordedTrack track;
  track.level = decibels_above_floor(levels, scale_of(levels, NoData::unknown));
  track.valid.resize(levels.size());
  std::ranges::transform(levels, track.valid.begin(),
                         [](std::uint8_t level) { return level == level_no_data ? 0.0F : 1.0F; });
  const std::int64_t slot_us = level_slot.count();
  const std::int64_t nominal_us = stretch.nominal_start.count();
  track.origin = (nominal_us - (nominal_us % slot_us + slot_us) % slot_us) / slot_us;
  track.phase_ms = static_cast<double>(nominal_us - track.origin * slot_us) / 1000;
  return track;
}

namespace {

struct Moments {
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;

  Correlation correlation() const {
    if (n < 2) return {.value = 0, .overlap = n};
    const double var_x = xx - x * x / n;
    const double var_y = yy - y * y / n;
    if (var_x < 1e-6 || var_y < 1e-6) return {.value = 0, .overlap = n};
    return {.value = (xy - x * y / n) / std::sqrt(var_x * var_y), .overlap = n};
  }
};

// Lags in the inner loop: compilers make vectors of it without reordering any sum.
constexpr std::size_t lanes = 32;
struct LaneSums {
  float n[lanes], x[lanes], y[lanes], xx[lanes], yy[lanes], xy[lanes];
};

void add_lanes(LaneSums& sums, float weight, float level, const float* y, const float* valid) {
  const float square = level * level;
  for (std::size_t i = 0; i < lanes; ++i) {
    const float w = weight * valid[i];
    sums.n[i] += w;
    sums.x[i] += level * w;
    sums.xx[i] += square * w;
    sums.y[i] += w * y[i];
    sums.yy[i] += w * y[i] * y[i];
    sums.xy[i] += level * w * y[i];
  }
}

// The part of a track that a unit meets at some lags, with nothing around the track's ends.
struct Surroundings {
  std::vector<float> level;
  std::vector<float> valid;

  Surroundings(const RecordedTrack& track, std::int64_t from, std::size_t size)
      : level(size), valid(size) {
    const std::int64_t begin = std::clamp<std::int64_t>(from, 0, track.size());
    const std::int64_t end =
        std::clamp<std::int64_t>(from + static_cast<std::int64_t>(size), begin, track.size());
    std::copy(track.level.begin() + begin, track.level.begin() + end,
              level.begin() + (begin - from));
    std::copy(track.valid.begin() + begin, track.valid.begin() + end,
              valid.begin() + (begin - from));
  }
};

}  // namespace

std::vector<Correlation> correlations(const LevelUnit& unit, const RecordedTrack& track,
                                      std::int64_t first, std::size_t count) {
  std::vector<Correlation> out(count);
  const std::size_t blocks = (count + lanes - 1) / lanes;
  const std::int64_t from = unit.first_slot - track.origin + first;
  if (from >= track.size() || from + static_cast<std::int64_t>(unit.level.size() + count) <= 0)
    return out;
  const Surroundings around(track, from, unit.level.size() + blocks * lanes);
  for (std::size_t block = 0; block < blocks; ++block) {
    LaneSums sums{};
    for (std::size_t k = 0; k < unit.level.size(); ++k)
      if (unit.weight[k] > 0)
        add_lanes(sums, unit.weight[k], unit.level[k], around.level.data() + block * lanes + k,
                  around.valid.data() + block * lanes + k);
    for (std::size_t i = 0; i < lanes && block * lanes + i < count; ++i)
      out[block * lanes + i] = Moments{.n = sums.n[i],
                                       .x = sums.x[i],
                                       .y = sums.y[i],
                                       .xx = sums.xx[i],
                                       .yy = sums.yy[i],
                                       .xy = sums.xy[i]}
                                   .correlation();
  }
  return out;
}

Correlation correlation_at(const LevelUnit& unit, const RecordedTrack& track, std::int64_t lag) {
  return correlations(unit, track, lag, 1).front();
}

double evidence(const LevelUnit& unit, const Correlation& correlation) {
  if (correlation.overlap < overlap_min * unit.active) return 0;
  const double independent = unit.independent * correlation.overlap / unit.active;
  const double variance = 1 / std::max(1.0, independent - 3);
  const double z = std::atanh(std::clamp(correlation.value, -0.999, 0.999));
  // Beyond what is usual nothing speaks against a match.
  const double against = std::min(z, true_z_mean);
  return log_normal(against, true_z_mean, true_z_variance + variance) - log_normal(z, 0, variance);
}

namespace {

// Forward and backward over all lags and one state more: nowhere.
class LagModel {
 public:
  explicit LagModel(std::size_t lags) : lags_(lags) {}

  void add(std::vector<float> evidence, bool starts_run, std::int64_t slots_since_last) {
    steps_.push_back({.evidence = std::move(evidence),
                      .starts_run = starts_run,
                      .slots_since_last = slots_since_last});
  }

  // Probability of each lag, and last of none, at each step.
  std::vector<std::vector<float>> solve();
  std::span<const float> evidence(std::size_t step) const { return steps_[step].evidence; }

 private:
  struct Step {
    std::vector<float> evidence;
    bool starts_run;
    std::int64_t slots_since_last;
  };
  using States = std::vector<double>;  // lags_, then "nowhere"

  States likelihood(const Step& step) const;
  States forward(const States& from, const Step& to) const;
  States backward(const States& from, const Step& to) const;
  static void normalise(States& states);
  double change(const Step& step) const {
    return step.starts_run ? lag_changes_at_run : lag_changes;
  }

  std::size_t lags_;
  std::vector<Step> steps_;
};

void LagModel::normalise(States& states) {
  const double sum = std::accumulate(states.begin(), states.end(), 0.0);
  if (sum <= 0) return;
  for (double& state : states) state /= sum;
}

LagModel::States LagModel::likelihood(const Step& step) const {
  States out(lags_ + 1);
  double most = 0;
  for (const float value : step.evidence) most = std::max(most, double{value});
  for (std::size_t i = 0; i < lags_; ++i) out[i] = std::exp(double{step.evidence[i]} - most);
  out[lags_] = std::exp(-most);
  return out;
}

// Sums over [i - reach, i + reach], cut at the ends.
std::vector<double> window_sums(const std::vector<double>& values, std::size_t count,
                                std::int64_t reach) {
  std::vector<double> prefix(count + 1);
  for (std::size_t i = 0; i < count; ++i) prefix[i + 1] = prefix[i] + values[i];
  std::vector<double> out(count);
  const auto size = static_cast<std::int64_t>(count);
  for (std::int64_t i = 0; i < size; ++i)
    out[static_cast<std::size_t>(i)] =
        prefix[static_cast<std::size_t>(std::min(size, i + reach + 1))] -
        prefix[static_cast<std::size_t>(std::max<std::int64_t>(0, i - reach))];
  return out;
}

LagModel::States LagModel::forward(const States& from, const Step& to) const {
  const double jump = change(to);
  const double stay = 1 - jump;
  const std::vector<double> near = window_sums(from, lags_, small_change);
  // One recording has one order: a later unit does not lie before an earlier one.
  std::vector<double> prefix(lags_ + 1);
  for (std::size_t i = 0; i < lags_; ++i) prefix[i + 1] = prefix[i] + from[i];
  const auto size = static_cast<std::int64_t>(lags_);
  States out(lags_ + 1);
  for (std::int64_t i = 0; i < size; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const auto reachable = static_cast<std::size_t>(
        std::clamp<std::int64_t>(i + to.slots_since_last + small_change, 0, size));
    double sum = from[k] * stays_exactly;
    if (i > 0) sum += from[k - 1] * (1 - stays_exactly) / 2;
    if (i + 1 < size) sum += from[k + 1] * (1 - stays_exactly) / 2;
    const double anywhere = prefix[reachable] / static_cast<double>(lags_);
    const double close = near[k] / static_cast<double>(2 * small_change + 1);
    out[k] =
        (1 - becomes_unmatched) *
            (stay * sum + jump * (change_is_small * close + (1 - change_is_small) * anywhere)) +
        from[lags_] * becomes_matched / static_cast<double>(lags_);
  }
  const double matched = prefix[lags_];
  out[lags_] = matched * becomes_unmatched + from[lags_] * (1 - becomes_matched);
  return out;
}

LagModel::States LagModel::backward(const States& from, const Step& to) const {
  const double jump = change(to);
  const double stay = 1 - jump;
  const std::vector<double> near = window_sums(from, lags_, small_change);
  std::vector<double> prefix(lags_ + 1);
  for (std::size_t i = 0; i < lags_; ++i) prefix[i + 1] = prefix[i] + from[i];
  const auto size = static_cast<std::int64_t>(lags_);
  States out(lags_ + 1);
  for (std::int64_t i = 0; i < size; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const auto first_reachable = static_cast<std::size_t>(
        std::clamp<std::int64_t>(i + 1 - to.slots_since_last - small_change, 0, size));
    double sum = from[k] * stays_exactly;
    if (i > 0) sum += from[k - 1] * (1 - stays_exactly) / 2;
    if (i + 1 < size) sum += from[k + 1] * (1 - stays_exactly) / 2;
    const double anywhere = (prefix[lags_] - prefix[first_reachable]) / static_cast<double>(lags_);
    const double close = near[k] / static_cast<double>(2 * small_change + 1);
    out[k] =
        (1 - becomes_unmatched) *
            (stay * sum + jump * (change_is_small * close + (1 - change_is_small) * anywhere)) +
        becomes_unmatched * from[lags_];
  }
  out[lags_] = becomes_matched * prefix[lags_] / static_cast<double>(lags_) +
               (1 - becomes_matched) * from[lags_];
  return out;
}

std::vector<std::vector<float>> LagModel::solve() {
  std::vector<std::vector<float>> states(steps_.size());
  States now(lags_ + 1, 0.5 / static_cast<double>(lags_));
  now[lags_] = 0.5;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (i > 0) now = forward(now, steps_[i]);
    const States seen = likelihood(steps_[i]);
    for (std::size_t k = 0; k < now.size(); ++k) now[k] *= seen[k];
    normalise(now);
    states[i].assign(now.begin(), now.end());
  }
  States behind(lags_ + 1, 1);
  for (std::size_t i = steps_.size(); i-- > 0;) {
    if (i + 1 < steps_.size()) {
      const States seen = likelihood(steps_[i + 1]);
      for (std::size_t k = 0; k < behind.size(); ++k) behind[k] *= seen[k];
      behind = backward(behind, steps_[i + 1]);
      normalise(behind);
    }
    States both(states[i].begin(), states[i].end());
    for (std::size_t k = 0; k < both.size(); ++k) both[k] *= behind[k];
    normalise(both);
    states[i].assign(both.begin(), both.end());
  }
  return states;
}

// What one unit has for its own lag, and for the best one elsewhere.
struct Rivals {
  double own = 0;
  double other = 0;
};

std::vector<Rivals> rivals_of(const LagModel& model, std::span<const LevelUnit> units,
                              const std::vector<PlacedUnit>& placed, const RecordedTrack& track,
                              std::int64_t first) {
  std::vector<Rivals> rivals(placed.size());
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (placed[i].evidence <= 0 || placed[i].unmatched > 0.5) continue;
    const LevelUnit& unit = units[placed[i].unit];
    const std::int64_t from = unit.first_slot - track.origin + placed[i].lag;
    const auto length = static_cast<std::int64_t>(unit.level.size());
    const std::int64_t inside =
        std::min(from + length, track.size()) - std::max<std::int64_t>(0, from);
    // Of one that lies half outside, the other places lie outside too.
    if (static_cast<double>(inside) < wholly_inside * static_cast<double>(length)) continue;
    rivals[i].own = placed[i].evidence;
    const std::span<const float> evidence = model.evidence(i);
    for (std::size_t k = 0; k < evidence.size(); ++k)
      if (std::abs(first + static_cast<std::int64_t>(k) - placed[i].lag) > other_lag_apart)
        rivals[i].other = std::max(rivals[i].other, double{evidence[k]} - evidence_by_chance);
  }
  return rivals;
}

// Phrases said again and again, beeps: then what tells the lags apart is only how much of each
// lies within the recording.
bool fits_elsewhere(const std::vector<Rivals>& rivals, std::size_t at) {
  const std::size_t from = at > units_beside ? at - units_beside : 0;
  Rivals sum;
  for (std::size_t i = from; i < std::min(rivals.size(), at + units_beside + 1); ++i) {
    sum.own += rivals[i].own;
    sum.other += rivals[i].other;
  }
  return sum.own > 0 && sum.other > rival_share_max * sum.own;
}

PlacedUnit most_probable(std::size_t unit, const std::vector<float>& states,
                         std::span<const float> evidence, std::int64_t first) {
  const std::size_t lags = states.size() - 1;
  const std::vector<double> mass =
      window_sums(std::vector<double>(states.begin(), states.end()), lags, 2);
  const auto best =
      static_cast<std::size_t>(std::max_element(states.begin(), states.end() - 1) - states.begin());
  return {.unit = unit,
          .lag = first + static_cast<std::int64_t>(best),
          .probability = mass[best],
          .unmatched = double{states[lags]},
          .evidence = double{evidence[best]}};
}

// Those that can meet the stretch at all.
std::vector<std::size_t> within_reach(std::span<const LevelUnit> units, const RecordedTrack& track,
                                      const LagSearch& search, std::int64_t growth) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::int64_t from = units[i].first_slot - track.origin + search.centre;
    const auto length = static_cast<std::int64_t>(units[i].level.size());
    if (from + length > -search.reach && from < track.size() + search.reach + growth)
      chosen.push_back(i);
  }
  return chosen;
}

// At each lag; out of the question beyond what drift explains at that time.
std::vector<float> evidence_by_lag(const LevelUnit& unit, const RecordedTrack& track,
                                   const LagSearch& search, std::int64_t first, std::size_t lags) {
  constexpr float impossible = -50;
  const std::vector<Correlation> values = correlations(unit, track, first, lags);
  const double since_start =
      std::max(0.0, static_cast<double>(unit.first_slot - track.origin + search.centre));
  const auto reach =
      search.reach + static_cast<std::int64_t>(std::ceil(since_start * search.drift));
  std::vector<float> out(lags);
  for (std::size_t k = 0; k < lags; ++k) {
    const std::int64_t lag = first + static_cast<std::int64_t>(k);
    out[k] = std::abs(lag - search.centre) <= reach ? static_cast<float>(evidence(unit, values[k]))
                                                    : impossible;
  }
  return out;
}

}  // namespace

std::vector<PlacedUnit> place_units(std::span<const LevelUnit> units, const RecordedTrack& track,
                                    const LagSearch& search) {
  const auto growth =
      static_cast<std::int64_t>(std::ceil(static_cast<double>(track.size()) * search.drift));
  const std::int64_t first = search.centre - search.reach - growth;
  const auto lags = static_cast<std::size_t>(2 * (search.reach + growth) + 1);
  const std::vector<std::size_t> chosen = within_reach(units, track, search, growth);
  LagModel model(lags);
  std::int64_t last_end = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const LevelUnit& unit = units[chosen[i]];
    model.add(evidence_by_lag(unit, track, search, first, lags), unit.starts_run,
              i == 0 ? 0 : unit.first_slot - last_end);
    last_end = unit.end_slot();
  }
  const auto states = model.solve();
  std::vector<PlacedUnit> placed;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    placed.push_back(most_probable(chosen[i], states[i], model.evidence(i), first));
    placed.back().correlation = correlation_at(units[chosen[i]], track, placed.back().lag).value;
  }
  const std::vector<Rivals> rivals = rivals_of(model, units, placed, track, first);
  for (std::size_t i = 0; i < placed.size(); ++i)
    placed[i].fits_elsewhere = fits_elsewhere(rivals, i);
  return placed;
}

}  // namespace earshot::recording::detail
