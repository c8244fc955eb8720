#include "recording/detail/level_window.hpp"

#include "domain/ledger_format.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace earshot::recording::detail {

namespace {

constexpr std::int64_t lags_around = 6;
constexpr std::size_t lag_count = 2 * lags_around + 1;
constexpr double slot_ms = 1000.0 / ledger_slots_per_second;
// Parts that are left out in turn.
constexpr double blocks_wanted = 12;
constexpr double block_slots_min = 15;
constexpr double block_slots_max = 50;
// Residues of neighbouring slots resemble each other: so many are worth one.
constexpr double slots_per_residue = 3;
constexpr double sigma_min_ms = 0.4;
// Where within a slot a sound begins shows but dimly in decibels. Speech has edges enough for that
// to even out; of tones there are few, and they err alike.
constexpr double edge_error_ms = 60;  // over the number of independent values

struct Sums {
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;

  void operator-=(const Sums& other) {
    n -= other.n;
    x -= other.x;
    y -= other.y;
    xx -= other.xx;
    yy -= other.yy;
    xy -= other.xy;
  }
  void operator+=(const Sums& other) {
    n += other.n;
    x += other.x;
    y += other.y;
    xx += other.xx;
    yy += other.yy;
    xy += other.xy;
  }
};
using LagSums = std::array<Sums, lag_count>;

struct Block {
  std::size_t unit;
  LagSums sums;
};

LagSums sums_of(const LevelUnit& unit, const RecordedTrack& track, std::int64_t lag,
                std::size_t from, std::size_t to) {
  LagSums sums;
  for (std::size_t i = 0; i < lag_count; ++i) {
    const std::int64_t offset =
        unit.first_slot - track.origin + lag - lags_around + static_cast<std::int64_t>(i);
    for (std::size_t k = from; k < to; ++k) {
      const std::int64_t n = offset + static_cast<std::int64_t>(k);
      if (unit.weight[k] == 0.0F || n < 0 || n >= track.size()) continue;
      const auto at = static_cast<std::size_t>(n);
      if (track.valid[at] == 0.0F) continue;
      const double x = unit.level[k];
      const double y = track.level[at];
      sums[i] += Sums{.n = 1, .x = x, .y = y, .xx = x * x, .yy = y * y, .xy = x * y};
    }
  }
  return sums;
}

std::vector<Block> blocks_of(std::span<const LevelUnit* const> units, const RecordedTrack& track,
                             std::int64_t lag) {
  double total = 0;
  for (const LevelUnit* unit : units) total += unit->active;
  const double block_slots = std::clamp(total / blocks_wanted, block_slots_min, block_slots_max);
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const LevelUnit& unit = *units[i];
    std::size_t from = 0;
    double active = 0;
    for (std::size_t k = 0; k < unit.level.size(); ++k) {
      active += unit.weight[k];
      if (active < block_slots && k + 1 < unit.level.size()) continue;
      blocks.push_back({.unit = i, .sums = sums_of(unit, track, lag, from, k + 1)});
      from = k + 1;
      active = 0;
    }
  }
  return blocks;
}

// Each unit has means of its own, so that a gain that wanders does not matter.
std::array<double, lag_count> pooled(const std::vector<LagSums>& units) {
  std::array<double, lag_count> out{};
  for (std::size_t i = 0; i < lag_count; ++i) {
    double xx = 0;
    double yy = 0;
    double xy = 0;
    for (const LagSums& unit : units) {
      const Sums& s = unit[i];
      if (s.n < 2) continue;
      xx += s.xx - s.x * s.x / s.n;
      yy += s.yy - s.y * s.y / s.n;
      xy += s.xy - s.x * s.y / s.n;
    }
    out[i] = xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
  }
  return out;
}

// Between the lags, as a band-limited curve; `at` in lags from the first.
double interpolated(const std::array<double, lag_count>& curve, double at) {
  double sum = 0;
  double weights = 0;
  for (std::size_t i = 0; i < lag_count; ++i) {
    const double away = at - static_cast<double>(i);
    constexpr double reach = lags_around;
    if (std::abs(away) >= reach) continue;
    const double window = 0.5 + 0.5 * std::cos(std::numbers::pi * away / reach);
    const double angle = std::numbers::pi * away;
    const double weight = window * (std::abs(away) < 1e-9 ? 1 : std::sin(angle) / angle);
    sum += weight * curve[i];
    weights += weight;
  }
  return sum / weights;
}

struct Peak {
  double at = 0;  // lags from the middle one
  double value = 0;
  double bend = 0;  // second derivative, by lags
};

std::optional<Peak> peak_of(const std::array<double, lag_count>& curve) {
  constexpr double step = 0.05;
  constexpr double reach = 2.5;
  Peak best{.at = 0, .value = -1};
  for (double at = -reach; at <= reach; at += step) {
    const double value = interpolated(curve, at + lags_around);
    if (value > best.value) best = {.at = at, .value = value};
  }
  if (std::abs(best.at) > reach - 2 * step) return {};
  const double before = interpolated(curve, best.at - step + lags_around);
  const double behind = interpolated(curve, best.at + step + lags_around);
  const double bend = before - 2 * best.value + behind;
  if (bend < 0) best.at += step * 0.5 * (before - behind) / bend;
  best.bend = bend / (step * step);
  return best;
}

// Standard error, in lags, from what the peak leaves unexplained and how sharp it is.
double sigma_of(const Peak& peak, double slots) {
  if (peak.bend >= 0 || peak.value <= 0) return 1;
  const double unexplained = std::max(0.0, 1 - peak.value * peak.value);
  return std::sqrt(unexplained * slots_per_residue / (-peak.bend * peak.value * slots));
}

}  // namespace

std::optional<WindowShift> shift_of(std::span<const LevelUnit* const> units,
                                    const RecordedTrack& track, std::int64_t lag) {
  const std::vector<Block> blocks = blocks_of(units, track, lag);
  std::vector<LagSums> sums(units.size());
  for (const Block& block : blocks)
    for (std::size_t i = 0; i < lag_count; ++i) sums[block.unit][i] += block.sums[i];
  const auto peak = peak_of(pooled(sums));
  if (!peak) return {};

  double mean = 0;
  std::vector<double> without;
  for (const Block& block : blocks) {
    LagSums& unit = sums[block.unit];
    const LagSums kept = unit;
    for (std::size_t i = 0; i < lag_count; ++i) unit[i] -= block.sums[i];
    const auto other = peak_of(pooled(sums));
    unit = kept;
    without.push_back(other ? other->at : 2.5);
    mean += without.back();
  }
  const auto count = static_cast<double>(without.size());
  mean /= count;
  double squares = 0;
  for (const double at : without) squares += (at - mean) * (at - mean);
  double slots = 0;
  for (const LevelUnit* unit : units) slots += unit->active;
  const double sigma_ms =
      std::max(std::sqrt(squares * (count - 1) / count), sigma_of(*peak, slots)) * slot_ms;
  double independent = 1;
  for (const LevelUnit* unit : units) independent += unit->independent;
  return WindowShift{
      .shift_ms = track.phase_ms + (static_cast<double>(lag) + peak->at) * slot_ms,
      .sigma_ms = std::hypot(std::max(sigma_ms, sigma_min_ms), edge_error_ms / independent),
      .score = peak->value};
}

}  // namespace earshot::recording::detail
