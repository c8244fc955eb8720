#include "recording/own_voice.hpp"

#include "domain/level_meter.hpp"
#include "recording/detail/lag_path.hpp"
#include "recording/detail/level_scale.hpp"
#include "recording/detail/level_units.hpp"

#include <algorithm>
#include <cmath>

namespace earshot::recording {

namespace {

using detail::LevelUnit;
using detail::PlacedUnit;

constexpr double probability_min = 0.9;
constexpr double evidence_min = 3;
// Of the assistant's speech, this much must return before anything is called an echo.
constexpr double share_min = 0.3;
// What is louder than the echo should be by this much is the caller.
constexpr double caller_over_echo_db = 6;
// Around an echo's slot, which need not meet the grid, and rings on.
constexpr std::int64_t ring_slots = 3;

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

struct Echo {
  std::int64_t first_slot;  // of the assistant
  std::int64_t end_slot;
  std::int64_t lag;
  double gain_db;
};

double db_at(const std::vector<std::uint8_t>& levels, std::int64_t slot) {
  if (slot < 0 || slot >= static_cast<std::int64_t>(levels.size())) return -200;
  const std::uint8_t level = levels[static_cast<std::size_t>(slot)];
  return level < level_lowest ? -200 : level_dbfs(level);
}

// By how much the unit's loud slots come back quieter.
double gain_of(const CallLevels& call, const LevelUnit& unit, std::int64_t lag, double loud_dbfs) {
  std::vector<double> gains;
  for (std::int64_t k = unit.first_slot; k < unit.end_slot(); ++k) {
    const double played = db_at(call.assistant, k);
    const double returned = db_at(call.caller, k + lag);
    if (played >= loud_dbfs && returned > -200) gains.push_back(returned - played);
  }
  return median(std::move(gains));
}

std::vector<Echo> find_echoes(const CallLevels& call, const std::vector<LevelUnit>& units,
                              const std::vector<PlacedUnit>& placed, double loud_dbfs) {
  std::vector<Echo> echoes;
  for (const PlacedUnit& one : placed) {
    if (one.probability < probability_min || one.evidence < evidence_min) continue;
    const LevelUnit& unit = units[one.unit];
    echoes.push_back({.first_slot = unit.first_slot,
                      .end_slot = unit.end_slot(),
                      .lag = one.lag,
                      .gain_db = gain_of(call, unit, one.lag, loud_dbfs)});
  }
  return echoes;
}

// Runs too short to be found for themselves come back as their neighbours do.
void fill_between(std::vector<Echo>& echoes, std::int64_t slots) {
  for (std::size_t i = 0; i < echoes.size(); ++i) {
    Echo& echo = echoes[i];
    echo.first_slot = i == 0 ? 0 : echoes[i - 1].end_slot;
    if (i + 1 < echoes.size())
      echo.end_slot = std::max(echo.first_slot, (echo.end_slot + echoes[i + 1].first_slot) / 2);
    else
      echo.end_slot = slots;
  }
}

// The loudest that may return at that slot of the caller's.
double expected_dbfs(const CallLevels& call, const Echo& echo, std::int64_t caller_slot) {
  double most = -200;
  for (std::int64_t back = -1; back <= ring_slots; ++back) {
    const std::int64_t k = caller_slot - echo.lag - back;
    if (k >= echo.first_slot && k < echo.end_slot) most = std::max(most, db_at(call.assistant, k));
  }
  return most + echo.gain_db;
}

void mark(const CallLevels& call, const Echo& echo, double audible_dbfs,
          std::vector<std::uint8_t>& marks) {
  const std::int64_t from = std::max<std::int64_t>(0, echo.first_slot + echo.lag - 1);
  const std::int64_t to = std::min(call.slots(), echo.end_slot + echo.lag + ring_slots);
  for (std::int64_t slot = from; slot < to; ++slot) {
    const double expected = expected_dbfs(call, echo, slot);
    if (expected < audible_dbfs) continue;
    if (db_at(call.caller, slot) <= expected + caller_over_echo_db)
      marks[static_cast<std::size_t>(slot)] = 1;
  }
}

std::vector<SlotRange> ranges_of(const std::vector<std::uint8_t>& marks) {
  std::vector<SlotRange> ranges;
  for (std::int64_t k = 0; k < static_cast<std::int64_t>(marks.size()); ++k) {
    if (!marks[static_cast<std::size_t>(k)]) continue;
    if (!ranges.empty() && ranges.back().to == k)
      ranges.back().to = k + 1;
    else
      ranges.push_back({k, k + 1});
  }
  return ranges;
}

}  // namespace

OwnVoice find_own_voice(const CallLevels& call, Duration delay_max) {
  OwnVoice found;
  detail::UnitOptions unit_options;
  unit_options.mixed = false;
  const auto units = detail::cut_into_units(call, Speaker::assistant, unit_options);
  if (units.empty()) return found;
  const std::int64_t reach = delay_max / level_slot / 2 + 1;
  const auto track = detail::track_of(RecordedStretch{}, call.caller);
  const auto placed =
      detail::place_units(units, track, {.centre = reach - 1, .reach = reach, .drift = 0});

  const auto scale = detail::scale_of(call.assistant, detail::NoData::silence);
  std::vector<Echo> echoes = find_echoes(call, units, placed, scale.speech_dbfs + 6);
  double speech = 0;
  double returned = 0;
  std::vector<double> lags;
  std::vector<double> gains;
  std::vector<double> scores;
  for (const PlacedUnit& one : placed) {
    speech += units[one.unit].speech;
    if (one.probability < probability_min || one.evidence < evidence_min) continue;
    returned += units[one.unit].speech;
    lags.push_back(static_cast<double>(one.lag));
    scores.push_back(one.correlation);
  }
  if (echoes.empty() || returned < share_min * speech) return found;
  gains.reserve(echoes.size());
  for (const Echo& echo : echoes) gains.push_back(echo.gain_db);
  found.present = true;
  found.delay = static_cast<std::int64_t>(median(lags)) * level_slot;
  found.gain_db = median(gains);
  found.score = median(scores);
  fill_between(echoes, call.slots());
  const auto caller_scale = detail::scale_of(call.caller, detail::NoData::unknown);
  std::vector<std::uint8_t> marks(call.caller.size());
  for (const Echo& echo : echoes) mark(call, echo, caller_scale.floor_dbfs, marks);
  found.slots = ranges_of(marks);
  return found;
}

CallLevels without_own_voice(CallLevels call, const OwnVoice& own_voice) {
  for (const SlotRange& range : own_voice.slots)
    for (std::int64_t k = range.from; k < std::min(range.to, call.slots()); ++k) {
      std::uint8_t& level = call.caller[static_cast<std::size_t>(k)];
      if (level != level_no_data) level = level_silence;
    }
  return call;
}

}  // namespace earshot::recording
