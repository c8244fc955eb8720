#include "recording/detail/lag_path.hpp"

#include "domain/level_meter.hpp"
#include "recording/detail/lag_rivals.hpp"
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
// A unit speaks of rival lags where so much of it lies in the stretch.
constexpr double inside_min = 0.5;

// Of true matches the correlation's Fisher z is spread about this much.
constexpr double true_z_mean = 1.0;
constexpr double true_z_variance = 0.35 * 0.35;
// Of two lags that both match so well, none is told to be wrong by which matches better: slots of
// 20 ms meet the one better than the other.
constexpr double fits_z = 1.3;

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

namespace {

double evidence_of(double value, double independent, double z_max) {
  const double variance = 1 / std::max(1.0, independent - 3);
  const double z = std::min(z_max, std::atanh(std::clamp(value, -0.999, 0.999)));
  // Beyond what is usual nothing speaks against a match.
  const double against = std::min(z, true_z_mean);
  return log_normal(against, true_z_mean, true_z_variance + variance) - log_normal(z, 0, variance);
}

}  // namespace

double evidence(const LevelUnit& unit, const Correlation& correlation) {
  if (correlation.overlap < overlap_min * unit.active) return 0;
  return evidence_of(correlation.value, unit.independent * correlation.overlap / unit.active,
                     std::numeric_limits<double>::infinity());
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

// What speaks for each lag, for the path and for judging rivals.
struct LagEvidence {
  std::vector<float> path;
  std::vector<float> fit;
};

// Out of the question beyond what drift explains at that time.
LagEvidence evidence_by_lag(const LevelUnit& unit, const RecordedTrack& track,
                            const LagSearch& search, std::int64_t first, std::size_t lags) {
  constexpr float impossible = -50;
  const std::vector<Correlation> values = correlations(unit, track, first, lags);
  const double since_start =
      std::max(0.0, static_cast<double>(unit.first_slot - track.origin + search.centre));
  const auto reach =
      search.reach + static_cast<std::int64_t>(std::ceil(since_start * search.drift));
  LagEvidence out{.path = std::vector<float>(lags, impossible),
                  .fit = std::vector<float>(lags, impossible)};
  for (std::size_t k = 0; k < lags; ++k) {
    const std::int64_t lag = first + static_cast<std::int64_t>(k);
    if (std::abs(lag - search.centre) > reach) continue;
    out.path[k] = static_cast<float>(evidence(unit, values[k]));
    // As if all of it lay inside: lags are to be compared that have different parts of it.
    out.fit[k] = values[k].overlap >= inside_min * unit.active
                     ? static_cast<float>(evidence_of(values[k].value, unit.independent, fits_z))
                     : lag_unknown;
  }
  return out;
}

// Metadata are coarse, but know no second place: where they leave one of the rivals, it is that.
bool is_unclear(const PlacedUnit& placed, const Rivalry& rivals, const LagSearch& search) {
  if (rivals.unclear) return true;
  if (rivals.lags.empty()) return false;
  const auto believed = [&](std::int64_t lag) {
    return search.believed_reach && std::abs(lag) <= *search.believed_reach;
  };
  return !believed(placed.lag) || std::ranges::any_of(rivals.lags, believed);
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
  std::vector<std::vector<float>> fits;
  fits.reserve(chosen.size());
  std::int64_t last_end = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const LevelUnit& unit = units[chosen[i]];
    LagEvidence evidence = evidence_by_lag(unit, track, search, first, lags);
    fits.push_back(std::move(evidence.fit));
    model.add(std::move(evidence.path), unit.starts_run, i == 0 ? 0 : unit.first_slot - last_end);
    last_end = unit.end_slot();
  }
  const auto states = model.solve();
  std::vector<PlacedUnit> placed;
  std::vector<UnitClaim> claims;
  placed.reserve(chosen.size());
  claims.reserve(chosen.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    placed.push_back(most_probable(chosen[i], states[i], model.evidence(i), first));
    PlacedUnit& unit = placed.back();
    unit.correlation = correlation_at(units[chosen[i]], track, unit.lag).value;
    claims.push_back({.from = units[chosen[i]].first_slot,
                      .to = units[chosen[i]].end_slot(),
                      .lag = unit.lag,
                      .matched = unit.evidence > 0 && unit.unmatched <= 0.5,
                      .evidence = model.evidence(i),
                      .fit = fits[i]});
  }
  const auto rivals = rivalries(claims, first);
  for (std::size_t i = 0; i < placed.size(); ++i)
    placed[i].fits_elsewhere = is_unclear(placed[i], rivals[i], search);
  return placed;
}

}  // namespace earshot::recording::detail
