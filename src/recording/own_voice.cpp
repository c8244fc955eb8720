#include "recording/own_voice.hpp"

#include "domain/level_meter.hpp"
#include "recording/detail/fast_correlation.hpp"
#include "recording/detail/level_scale.hpp"
#include "recording/detail/level_units.hpp"
#include "recording/waveform_match.hpp"

#include <algorithm>
#include <cmath>

namespace earshot::recording {

namespace {

constexpr std::int64_t probe_slots = 50;  // a second
constexpr std::int64_t echo_slots = echo_delay_max / level_slot;
// Of a probe, so much must be speech.
constexpr int loud_slots_min = 25;
// Quieter than what was played by more than this, nothing of it is worth looking for.
constexpr double echo_loss_max_db = 45;
constexpr std::uint32_t echo_rate_hz = match_rate_hz / 2;

double db_at(const std::vector<std::uint8_t>& levels, std::int64_t slot) {
  if (slot < 0 || slot >= static_cast<std::int64_t>(levels.size())) return -200;
  const std::uint8_t level = levels[static_cast<std::size_t>(slot)];
  return level < level_lowest ? -200 : level_dbfs(level);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

bool is_worth_it(const CallLevels& call, std::int64_t first, double speech_dbfs) {
  int loud = 0;
  double loudest_played = -200;
  for (std::int64_t k = first; k < first + probe_slots; ++k) {
    const double level = db_at(call.assistant, k);
    if (level >= speech_dbfs) ++loud;
    loudest_played = std::max(loudest_played, level);
  }
  if (loud < loud_slots_min) return false;
  double loudest_back = -200;
  for (std::int64_t k = first; k < first + probe_slots + echo_slots; ++k)
    loudest_back = std::max(loudest_back, db_at(call.caller, k));
  return loudest_back > loudest_played - echo_loss_max_db;
}

// Every other one first, then every other one of the rest.
std::vector<EchoProbe> in_spread_order(const std::vector<EchoProbe>& probes) {
  std::vector<EchoProbe> ordered;
  ordered.reserve(probes.size());
  std::size_t step = 1;
  while (step * 2 < probes.size()) step *= 2;
  std::vector<bool> taken(probes.size());
  for (; step > 0; step /= 2)
    for (std::size_t i = 0; i < probes.size(); i += step) {
      if (taken[i]) continue;
      taken[i] = true;
      ordered.push_back(probes[i]);
    }
  return ordered;
}

}  // namespace

std::vector<EchoProbe> propose_echo_probes(const CallLevels& call) {
  const auto scale = detail::scale_of(call.assistant, detail::NoData::silence);
  std::vector<EchoProbe> all;
  if (!scale.has_speech) return all;
  const auto runs = detail::play_out_ranges(call);
  for (std::size_t i = 0; i < runs.size(); ++i)
    for (std::int64_t at = runs[i].from; at + probe_slots <= runs[i].to;) {
      const bool worth_it = is_worth_it(call, at, scale.speech_dbfs);
      if (worth_it)
        all.push_back({.from = at * level_slot, .length = probe_slots * level_slot, .run = i});
      at += worth_it ? probe_slots : probe_slots / 5;
    }
  if (all.size() <= echo_probes_max) return in_spread_order(all);
  std::vector<EchoProbe> chosen;
  chosen.reserve(echo_probes_max);
  // Neighbours in pairs, so that a run's delay can be seen to stay.
  constexpr std::size_t pairs = echo_probes_max / 2;
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::size_t first = i * (all.size() - 1) / pairs;
    chosen.push_back(all[first]);
    chosen.push_back(all[first + 1]);
  }
  return in_spread_order(chosen);
}

// --- one probe ---

namespace {

constexpr double correlation_min = 0.1;
// At any other lag there must be less than this share of it.
constexpr double rival_share_max = 0.5;
// What is near the peak belongs to it: a voice resembles itself a pitch period later …
constexpr std::size_t peak_apart = echo_rate_hz * 30 / 1000;
// … and a tone as long as it lasts. But only what comes back nearly whole may be so blurred.
constexpr std::size_t tone_apart = echo_rate_hz * 450 / 1000;
constexpr double correlation_of_tones_min = 0.6;
// -66 dBFS after the tilt: less is nothing.
constexpr double power_min = 2.5e-7;

std::vector<float> at_echo_rate(std::span<const std::int16_t> samples, std::uint32_t rate_hz) {
  const auto fine = prepare_for_match(samples, rate_hz);
  std::vector<float> out(fine.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = (fine[2 * i] + fine[2 * i + 1]) / 2;
  return out;
}

double energy_of(std::span<const float> samples) {
  double sum = 0;
  for (const float sample : samples) sum += double{sample} * double{sample};
  return sum;
}

bool has_rival(std::span<const double> curve, std::size_t peak, std::size_t apart) {
  const double most = std::abs(curve[peak]) * rival_share_max;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const std::size_t away = i > peak ? i - peak : peak - i;
    if (away > apart && std::abs(curve[i]) > most) return true;
  }
  return false;
}

}  // namespace

std::optional<EchoSighting> find_echo(const HeardProbe& heard) {
  const auto played = at_echo_rate(heard.played, heard.rate_hz);
  const auto came_in = at_echo_rate(heard.came_in, heard.rate_hz);
  const auto length = static_cast<double>(played.size());
  if (played.empty() || came_in.size() <= played.size()) return {};
  const double own = energy_of(played);
  if (own < power_min * length) return {};
  const auto dots = detail::dot_products(played, came_in);
  std::vector<double> curve(dots.size());
  double theirs = energy_of(std::span(came_in).first(played.size()));
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (i > 0)
      theirs += double{came_in[i + played.size() - 1]} * double{came_in[i + played.size() - 1]} -
                double{came_in[i - 1]} * double{came_in[i - 1]};
    // So quiet that chance would do.
    if (theirs > own * std::pow(10, -echo_loss_max_db / 10))
      curve[i] = dots[i] / std::sqrt(own * theirs);
  }
  const auto peak = static_cast<std::size_t>(
      std::ranges::max_element(curve, {}, [](double value) { return std::abs(value); }) -
      curve.begin());
  const double correlation = std::abs(curve[peak]);
  if (correlation < correlation_min) return {};
  const bool is_sharp = !has_rival(curve, peak, peak_apart);
  const bool is_tone =
      correlation >= correlation_of_tones_min && !has_rival(curve, peak, tone_apart);
  if (!is_sharp && !is_tone) return {};
  return EchoSighting{.probe = heard.probe,
                      .delay = Duration(static_cast<std::int64_t>(peak) * 1'000'000 / echo_rate_hz),
                      .gain_db = 20 * std::log10(std::abs(dots[peak]) / own),
                      .correlation = correlation};
}

// --- all of them ---

namespace {

constexpr Duration delay_agrees = 5ms;
// The delay of a line that does not change from run to run.
constexpr double delay_stays_ms = 20;
constexpr std::size_t sightings_min = 3;
constexpr double sighted_share_min = 0.3;
// What is louder than the echo should be by this much is the caller.
constexpr double caller_over_echo_db = 3;
// Around an echo's slot, which need not meet the grid, and rings on.
constexpr std::int64_t ring_slots = 3;

struct Echo {
  SlotRange played;
  std::int64_t lag = 0;  // slots
  double gain_db = 0;
};

double ms_of(Duration duration) { return static_cast<double>(duration.count()) / 1000; }

std::vector<EchoSighting> agreeing(std::span<const EchoSighting> sightings) {
  std::vector<EchoSighting> kept;
  for (std::size_t i = 0; i < sightings.size(); ++i)
    for (std::size_t k = 0; k < sightings.size(); ++k)
      if (i != k && std::chrono::abs(sightings[i].delay - sightings[k].delay) <= delay_agrees) {
        kept.push_back(sightings[i]);
        break;
      }
  return kept;
}

struct Typical {
  double delay_ms = 0;
  double gain_db = 0;
};

Typical typical_of(std::span<const EchoSighting> sightings) {
  std::vector<double> delays;
  std::vector<double> gains;
  delays.reserve(sightings.size());
  gains.reserve(sightings.size());
  for (const EchoSighting& one : sightings) {
    delays.push_back(ms_of(one.delay));
    gains.push_back(one.gain_db);
  }
  return {.delay_ms = median(std::move(delays)), .gain_db = median(std::move(gains))};
}

// Each run of the assistant's with the delay that was seen in it; one in which none was seen only
// where all others have the same.
std::vector<Echo> echoes_of(const CallLevels& call, std::span<const EchoSighting> sightings) {
  const Typical all = typical_of(sightings);
  const bool stays = std::ranges::all_of(sightings, [&](const EchoSighting& one) {
    return std::abs(ms_of(one.delay) - all.delay_ms) <= delay_stays_ms;
  });
  const auto runs = detail::play_out_ranges(call);
  std::vector<Echo> echoes;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::vector<EchoSighting> mine;
    std::ranges::copy_if(sightings, std::back_inserter(mine),
                         [i](const EchoSighting& one) { return one.probe.run == i; });
    if (mine.empty() && !stays) continue;
    const Typical typical = mine.empty() ? all : typical_of(mine);
    echoes.push_back({.played = runs[i],
                      .lag = std::lround(typical.delay_ms / ms_of(level_slot)),
                      .gain_db = typical.gain_db});
  }
  return echoes;
}

// The loudest that may return at that slot of the caller's.
double expected_dbfs(const CallLevels& call, const Echo& echo, std::int64_t caller_slot) {
  double most = -200;
  for (std::int64_t back = -1; back <= ring_slots; ++back) {
    const std::int64_t k = caller_slot - echo.lag - back;
    if (k >= echo.played.from && k < echo.played.to)
      most = std::max(most, db_at(call.assistant, k));
  }
  return most + echo.gain_db;
}

void mark(const CallLevels& call, const Echo& echo, double audible_dbfs,
          std::vector<std::uint8_t>& marks) {
  const std::int64_t from = std::max<std::int64_t>(0, echo.played.from + echo.lag - 1);
  const std::int64_t to = std::min(call.slots(), echo.played.to + echo.lag + ring_slots);
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

std::optional<OwnVoice> judge_echoes(const CallLevels& call, std::size_t probes,
                                     std::span<const EchoSighting> sightings) {
  const auto kept = agreeing(sightings);
  if (kept.size() < sightings_min ||
      static_cast<double>(kept.size()) < sighted_share_min * static_cast<double>(probes))
    return {};
  const bool one_run = std::ranges::all_of(
      kept, [&](const EchoSighting& one) { return one.probe.run == kept.front().probe.run; });
  if (one_run && detail::play_out_ranges(call).size() > 1) return {};
  const Typical typical = typical_of(kept);
  OwnVoice found{.delay = Duration(std::llround(typical.delay_ms * 1000)),
                 .gain_db = typical.gain_db,
                 .slots = {}};
  const auto scale = detail::scale_of(call.caller, detail::NoData::unknown);
  std::vector<std::uint8_t> marks(call.caller.size());
  for (const Echo& echo : echoes_of(call, kept)) mark(call, echo, scale.floor_dbfs, marks);
  found.slots = ranges_of(marks);
  return found;
}

Duration remove_own_voice(std::vector<std::uint8_t>& caller, const OwnVoice& own_voice,
                          double speech_dbfs) {
  Duration removed{0};
  for (const SlotRange& range : own_voice.slots)
    for (std::int64_t k = range.from;
         k < std::min(range.to, static_cast<std::int64_t>(caller.size())); ++k) {
      if (db_at(caller, k) >= speech_dbfs) removed += level_slot;
      std::uint8_t& level = caller[static_cast<std::size_t>(k)];
      if (level != level_no_data) level = level_silence;
    }
  return removed;
}

}  // namespace earshot::recording
