#include "recording/detail/level_units.hpp"

#include "domain/level_meter.hpp"
#include "recording/detail/level_scale.hpp"

#include <algorithm>
#include <cmath>

namespace earshot::recording::detail {

namespace {

// Edges of speech tell most: what lies this far around it is judged too.
constexpr std::int64_t around_speech_slots = 20;
// Play-out that is interrupted for less is jitter of the account, not an underrun.
constexpr std::int64_t run_gap_slots = 3;
// A level that hardly moves fits everywhere.
constexpr double deviation_min_db = 1.5;

struct SideMarks {
  std::vector<float> level;
  std::vector<std::uint8_t> speech;
  std::vector<std::uint8_t> judged;
};

std::vector<std::uint8_t> known_slots(const CallLevels& call, Speaker side) {
  std::vector<std::uint8_t> known(call.caller.size());
  for (const SlotRange& range : call.witnessed)
    for (std::int64_t k = std::max<std::int64_t>(0, range.from);
         k < std::min(call.slots(), range.to); ++k)
      known[static_cast<std::size_t>(k)] = 1;
  // That nothing was played is knowledge; that nothing arrived is not.
  if (side == Speaker::caller)
    for (std::size_t k = 0; k < known.size(); ++k)
      if (call.caller[k] == level_no_data) known[k] = 0;
  return known;
}

SideMarks mark(const CallLevels& call, Speaker side, const UnitOptions& options) {
  const Speaker other = side == Speaker::caller ? Speaker::assistant : Speaker::caller;
  const auto meaning = [](Speaker who) {
    return who == Speaker::assistant ? NoData::silence : NoData::unknown;
  };
  const LevelScale scale = scale_of(call.of(side), meaning(side));
  SideMarks marks;
  marks.level = decibels_above_floor(call.of(side), scale);
  marks.speech = at_least(call.of(side), scale.has_speech ? scale.speech_dbfs : 1.0);
  marks.judged = dilated(marks.speech, around_speech_slots);
  const std::vector<std::uint8_t> known = known_slots(call, side);
  for (std::size_t k = 0; k < known.size(); ++k) marks.judged[k] &= known[k];
  if (!options.mixed) return marks;

  const LevelScale other_scale = scale_of(call.of(other), meaning(other));
  if (!other_scale.has_speech) return marks;
  const std::vector<std::uint8_t> disturbed =
      dilated(at_least(call.of(other), other_scale.quiet_dbfs), options.guard_slots);
  for (std::size_t k = 0; k < disturbed.size(); ++k)
    if (disturbed[k]) marks.judged[k] = 0;
  return marks;
}

// Neighbouring slots resemble each other; this many of them are worth one.
double slots_per_value(const LevelUnit& unit, double mean, double variance) {
  double sum = 1;
  const auto size = static_cast<std::int64_t>(unit.level.size());
  for (std::int64_t lag = 1; lag <= 25; ++lag) {
    double product = 0;
    double pairs = 0;
    for (std::int64_t k = 0; k + lag < size; ++k) {
      const auto a = static_cast<std::size_t>(k);
      const auto b = static_cast<std::size_t>(k + lag);
      const double weight = double{unit.weight[a]} * double{unit.weight[b]};
      product += weight * (double{unit.level[a]} - mean) * (double{unit.level[b]} - mean);
      pairs += weight;
    }
    if (pairs < 10) break;
    const double correlation = product / pairs / variance;
    sum += 2 * correlation * correlation;
  }
  return sum;
}

// False: not worth having.
bool finish(LevelUnit& unit, const UnitOptions& options) {
  while (!unit.weight.empty() && unit.weight.back() == 0.0F) {
    unit.weight.pop_back();
    unit.level.pop_back();
  }
  if (unit.speech < options.speech_slots_min) return false;
  double sum = 0;
  double squares = 0;
  for (std::size_t k = 0; k < unit.level.size(); ++k) {
    sum += double{unit.weight[k]} * double{unit.level[k]};
    squares += double{unit.weight[k]} * double{unit.level[k]} * double{unit.level[k]};
  }
  const double mean = sum / unit.active;
  const double variance = squares / unit.active - mean * mean;
  if (variance < deviation_min_db * deviation_min_db) return false;
  unit.independent = unit.active / slots_per_value(unit, mean, variance);
  return true;
}

}  // namespace

std::vector<SlotRange> play_out_ranges(const CallLevels& call) {
  std::vector<SlotRange> runs;
  for (std::int64_t k = 0; k < call.slots(); ++k) {
    if (call.assistant[static_cast<std::size_t>(k)] == level_no_data) continue;
    if (!runs.empty() && k - runs.back().to < run_gap_slots)
      runs.back().to = k + 1;
    else
      runs.push_back({k, k + 1});
  }
  return runs;
}

std::vector<SlotRange> delay_runs(const CallLevels& call, Speaker side) {
  std::vector<std::int64_t> starts{0};
  if (side == Speaker::caller) {
    starts.insert(starts.end(), call.caller_breaks.begin(), call.caller_breaks.end());
  } else {
    // The margin before a run's first sound belongs to the run, but for what is the last one's.
    std::int64_t last_end = 0;
    for (const SlotRange& run : play_out_ranges(call)) {
      starts.push_back(std::max(run.from - around_speech_slots, (last_end + run.from) / 2));
      last_end = run.to;
    }
  }
  std::vector<SlotRange> runs;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::int64_t end = i + 1 < starts.size() ? starts[i + 1] : call.slots();
    if (starts[i] < end) runs.push_back({starts[i], end});
  }
  return runs;
}

std::vector<LevelUnit> cut_into_units(const CallLevels& call, Speaker side,
                                      const UnitOptions& options) {
  const SideMarks marks = mark(call, side, options);
  const std::vector<SlotRange> runs = delay_runs(call, side);
  std::vector<LevelUnit> units;
  LevelUnit unit;
  std::size_t next_run = 0;
  bool starts_run = true;
  const auto close = [&] {
    if (unit.active == 0) return;
    if (finish(unit, options)) {
      unit.starts_run = starts_run;
      starts_run = false;
      units.push_back(std::move(unit));
    }
    unit = LevelUnit();
  };
  for (std::int64_t slot = 0; slot < call.slots(); ++slot) {
    const auto k = static_cast<std::size_t>(slot);
    while (next_run < runs.size() && runs[next_run].from <= slot) {
      close();
      starts_run = true;
      ++next_run;
    }
    if (unit.active > 0 &&
        (unit.active >= options.active_slots || slot - unit.first_slot >= options.span_slots_max))
      close();
    const bool judged = marks.judged[k] != 0;
    if (unit.active == 0) {
      if (!judged) continue;
      unit.first_slot = slot;
    }
    unit.level.push_back(judged ? marks.level[k] : 0.0F);
    unit.weight.push_back(judged ? 1.0F : 0.0F);
    if (judged) {
      unit.active += 1;
      unit.speech += marks.speech[k];
    }
  }
  close();
  return units;
}

}  // namespace earshot::recording::detail
