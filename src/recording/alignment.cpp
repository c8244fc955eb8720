#include "recording/alignment.hpp"

#include "domain/level_meter.hpp"
#include "recording/detail/lag_path.hpp"
#include "recording/detail/level_units.hpp"
#include "recording/detail/level_window.hpp"
#include "recording/detail/mapping_pieces.hpp"
#include "recording/detail/recorded_channels.hpp"
#include "recording/detail/wide_search.hpp"

#include <algorithm>
#include <cmath>

namespace earshot::recording {

namespace {

using detail::LagSearch;
using detail::LevelUnit;
using detail::PlacedUnit;
using detail::RecordedTrack;

// A unit counts from here on.
constexpr double probability_min = 0.9;
constexpr double evidence_min = 2;
// Less speech than this says nothing about whether a recording matches.
constexpr Duration speech_min = 3s;
// Of what should be there, less than this is chance.
constexpr double matched_share_min = 0.15;
// What one window gathers at most.
constexpr double window_speech_slots = 750;
constexpr std::int64_t window_span_slots = 3000;

Duration of_slots(double slots) {
  return Duration(static_cast<std::int64_t>(slots * static_cast<double>(level_slot.count())));
}

std::int64_t slots_in(Duration duration) { return duration / level_slot; }

// One side against one stretch.
struct SideMatch {
  RecordedTrack track;
  std::vector<PlacedUnit> placed;
};

bool is_placed(const PlacedUnit& unit) {
  return unit.probability >= probability_min && unit.evidence >= evidence_min &&
         !unit.fits_elsewhere;
}

Duration middle_of_speech(const std::vector<const LevelUnit*>& units) {
  double sum = 0;
  double weights = 0;
  for (const LevelUnit* unit : units) {
    const double middle =
        static_cast<double>(unit->first_slot) + static_cast<double>(unit->level.size()) / 2;
    sum += unit->active * middle;
    weights += unit->active;
  }
  return of_slots(sum / weights);
}

class Aligner {
 public:
  Aligner(const CallLevels& call, std::span<const StretchLevels> recorded,
          const AlignmentOptions& options)
      : call_(call), recorded_(recorded), options_(options) {
    detail::UnitOptions unit_options;
    unit_options.mixed = options.channels == RecordingChannels::mixed;
    unit_options.guard_slots = slots_in(options.guard);
    for (const Speaker side : {Speaker::caller, Speaker::assistant})
      units_[index(side)] = detail::cut_into_units(call, side, unit_options);
    channels_ = detail::find_channels(recorded, units_[0], units_[1], options);
  }

  Alignment run();

 private:
  static std::size_t index(Speaker side) { return side == Speaker::caller ? 0 : 1; }
  void match_stretch(const StretchLevels& levels);
  void place(std::int64_t centre, std::optional<std::int64_t> believed_reach);
  bool nothing_fits() const;
  void collect_windows(std::size_t stretch, Speaker side, const SideMatch& match,
                       std::vector<AlignedWindow>& windows) const;
  AlignmentQuality judge(Speaker side, const SideMatch& match, std::int64_t expected_lag) const;

  const CallLevels& call_;
  std::span<const StretchLevels> recorded_;
  const AlignmentOptions& options_;
  std::vector<LevelUnit> units_[2];
  detail::SideChannels channels_;
  SideMatch matches_[2];  // of the stretch at hand
};

void Aligner::place(std::int64_t centre, std::optional<std::int64_t> believed_reach) {
  for (const Speaker side : {Speaker::caller, Speaker::assistant}) {
    SideMatch& match = matches_[index(side)];
    const LagSearch search{.centre = centre,
                           .reach = slots_in(options_.search) + 1,
                           .drift = options_.drift_ppm_max * 1e-6,
                           .believed_reach = believed_reach};
    match.placed = detail::place_units(units_[index(side)], match.track, search);
  }
}

// What fits in several places near is no reason to look for it far off.
bool Aligner::nothing_fits() const {
  double placed = 0;
  double unclear = 0;
  double unmatched = 0;
  for (std::size_t side = 0; side < 2; ++side)
    for (const PlacedUnit& unit : matches_[side].placed) {
      const double speech = units_[side][unit.unit].speech;
      if (is_placed(unit)) placed += speech;
      if (unit.unmatched > 0.5)
        unmatched += speech;
      else if (unit.fits_elsewhere)
        unclear += speech;
    }
  return placed == 0 && unclear <= unmatched;
}

void Aligner::match_stretch(const StretchLevels& levels) {
  for (const Speaker side : {Speaker::caller, Speaker::assistant})
    matches_[index(side)] = SideMatch{
        .track = detail::track_of(levels.stretch, detail::levels_of(levels, channels_, side)),
        .placed = {}};
  place(0, levels.stretch.start_is_known
               ? std::optional(slots_in(options_.metadata_uncertainty + options_.guard))
               : std::nullopt);
  if (!nothing_fits()) return;
  const std::int64_t reach = slots_in(options_.search_wide);
  std::optional<std::int64_t> centre =
      detail::search_widely(units_[0], matches_[0].track, units_[1], matches_[1].track, reach);
  if (!centre && !levels.stretch.start_is_known)
    centre = detail::search_widely(units_[0], matches_[0].track, units_[1], matches_[1].track,
                                   call_.slots() + matches_[0].track.size());
  if (centre) place(*centre, std::nullopt);
}

void Aligner::collect_windows(std::size_t stretch, Speaker side, const SideMatch& match,
                              std::vector<AlignedWindow>& windows) const {
  const std::vector<LevelUnit>& units = units_[index(side)];
  std::vector<const LevelUnit*> gathered;
  std::int64_t lag = 0;
  bool starts_run = false;
  const auto close = [&] {
    if (gathered.empty()) return;
    const auto shift = detail::shift_of(gathered, match.track, lag);
    double speech = 0;
    for (const LevelUnit* unit : gathered) speech += unit->speech;
    if (shift)
      windows.push_back({.side = side,
                         .stretch = stretch,
                         .from = gathered.front()->first_slot * level_slot,
                         .to = gathered.back()->end_slot() * level_slot,
                         .at = middle_of_speech(gathered),
                         .speech = of_slots(speech),
                         .shift_ms = shift->shift_ms,
                         .sigma_ms = shift->sigma_ms,
                         .score = shift->score,
                         .starts_run = starts_run,
                         .basis = MappingBasis::levels});
    gathered.clear();
  };
  double speech = 0;
  for (const PlacedUnit& placed : match.placed) {
    const LevelUnit& unit = units[placed.unit];
    if (!gathered.empty() && (unit.starts_run || speech + unit.speech > window_speech_slots ||
                              !is_placed(placed) || std::abs(placed.lag - lag) > 1 ||
                              unit.end_slot() - gathered.front()->first_slot > window_span_slots))
      close();
    if (!is_placed(placed)) continue;
    if (gathered.empty()) {
      starts_run = unit.starts_run;
      lag = placed.lag;
      speech = 0;
    }
    gathered.push_back(&unit);
    speech += unit.speech;
  }
  close();
}

AlignmentQuality Aligner::judge(Speaker side, const SideMatch& match,
                                std::int64_t expected_lag) const {
  AlignmentQuality quality;
  quality.channel = channels_.of(side);
  const std::vector<LevelUnit>& units = units_[index(side)];
  double speech = 0;
  double matched = 0;
  double unheard = 0;
  double unmatched = 0;
  double score = 0;
  for (const PlacedUnit& placed : match.placed) {
    const LevelUnit& unit = units[placed.unit];
    const std::int64_t lag = is_placed(placed) ? placed.lag : expected_lag;
    const std::int64_t from = unit.first_slot - match.track.origin + lag;
    const std::int64_t to = from + static_cast<std::int64_t>(unit.level.size());
    if (!is_placed(placed) && (from < 0 || to > match.track.size())) continue;
    speech += unit.speech;
    if (is_placed(placed)) {
      matched += unit.speech;
      score += unit.speech * placed.correlation;
      continue;
    }
    if (detail::is_unheard(unit, match.track, expected_lag)) unheard += unit.speech;
    if (placed.unmatched > 0.5) unmatched += unit.speech;
  }
  quality.speech = of_slots(speech);
  quality.matched = of_slots(matched);
  quality.score = matched > 0 ? score / matched : 0;
  if (matched > 0 && matched >= matched_share_min * speech)
    quality.outcome = AlignmentOutcome::aligned;
  else if (quality.speech < speech_min)
    quality.outcome = AlignmentOutcome::too_little_said;
  else if (unheard > speech / 2)
    quality.outcome = AlignmentOutcome::not_heard;
  else if (unmatched > speech / 2)
    quality.outcome = AlignmentOutcome::does_not_match;
  else
    quality.outcome = AlignmentOutcome::ambiguous;
  return quality;
}

// Where the side that was found lies; the other one is expected near it.
std::int64_t expected_lag(const SideMatch& match) {
  std::vector<std::int64_t> lags;
  for (const PlacedUnit& placed : match.placed)
    if (is_placed(placed)) lags.push_back(placed.lag);
  if (lags.empty()) return 0;
  std::ranges::nth_element(lags, lags.begin() + static_cast<long>(lags.size() / 2));
  return lags[lags.size() / 2];
}

Alignment Aligner::run() {
  Alignment alignment;
  for (const Speaker side : {Speaker::caller, Speaker::assistant})
    for (const SlotRange& run : detail::delay_runs(call_, side))
      alignment.runs.push_back(
          {.side = side, .from = run.from * level_slot, .to = run.to * level_slot});
  std::vector<AlignedWindow> windows[2];
  for (std::size_t i = 0; i < recorded_.size(); ++i) {
    match_stretch(recorded_[i]);
    const std::int64_t lags[2] = {expected_lag(matches_[0]), expected_lag(matches_[1])};
    StretchAlignment stretch{.stretch = recorded_[i].stretch, .caller = {}, .assistant = {}};
    for (const Speaker side : {Speaker::caller, Speaker::assistant}) {
      const std::size_t s = index(side);
      AlignmentQuality quality = judge(side, matches_[s], lags[s] != 0 ? lags[s] : lags[1 - s]);
      if (quality.outcome == AlignmentOutcome::aligned)
        collect_windows(i, side, matches_[s], windows[s]);
      (side == Speaker::caller ? stretch.caller : stretch.assistant) = quality;
    }
    alignment.stretches.push_back(std::move(stretch));
  }
  for (auto& side : windows)
    alignment.windows.insert(alignment.windows.end(), side.begin(), side.end());
  detail::make_mapping(alignment, options_);
  return alignment;
}

}  // namespace

Alignment align_by_levels(const CallLevels& call, std::span<const StretchLevels> recorded,
                          const AlignmentOptions& options) {
  return Aligner(call, recorded, options).run();
}

AlignmentQuality Alignment::overall(Speaker side) const {
  AlignmentQuality all;
  double score = 0;
  const auto count = [&](AlignmentOutcome outcome) {
    Duration speech{0};
    for (const StretchAlignment& stretch : stretches)
      if (stretch.of(side).outcome == outcome) speech += stretch.of(side).speech;
    return speech;
  };
  for (const StretchAlignment& stretch : stretches) {
    const AlignmentQuality& one = stretch.of(side);
    all.speech += one.speech;
    all.matched += one.matched;
    all.windows += one.windows;
    all.windows_agreeing += one.windows_agreeing;
    all.waveform_windows += one.waveform_windows;
    all.waveform_windows_agreeing += one.waveform_windows_agreeing;
    score += one.score * static_cast<double>(one.matched.count());
    if (one.channel) all.channel = one.channel;
  }
  if (all.matched > Duration{0}) all.score = score / static_cast<double>(all.matched.count());
  if (count(AlignmentOutcome::aligned) > Duration{0}) {
    all.outcome = AlignmentOutcome::aligned;
    return all;
  }
  // The one under which most speech fell.
  Duration most{0};
  for (const AlignmentOutcome outcome :
       {AlignmentOutcome::ambiguous, AlignmentOutcome::does_not_match,
        AlignmentOutcome::not_heard}) {
    if (count(outcome) <= most) continue;
    most = count(outcome);
    all.outcome = outcome;
  }
  return all;
}

}  // namespace earshot::recording
