#pragma once
// Finds where units of one side's levels lie in a stretch of the recording: each unit is tried at
// every lag, and a hidden Markov model over all of them says how probable each lag is, given that
// lags seldom change. Units that fit nowhere say so. Pure.
//
// Lags count slots: at lag l, slot k of the call meets slot k - origin + l of the stretch.

#include "recording/detail/level_units.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace earshot::recording::detail {

struct RecordedTrack {
  std::vector<float> level;  // decibels above the floor
  std::vector<float> valid;  // 1: there is a sample; 0: none
  std::int64_t origin = 0;   // slot of the call that the first one meets at lag 0
  double phase_ms = 0;       // shift of lag 0, from 0 to 20

  std::int64_t size() const { return static_cast<std::int64_t>(level.size()); }
};

RecordedTrack track_of(const RecordedStretch& stretch, std::span<const std::uint8_t> levels);

struct LagSearch {
  std::int64_t centre = 0;   // lag
  std::int64_t reach = 150;  // either way, at the stretch's beginning
  double drift = 300e-6;     // by which the reach grows along the stretch
  // From lag 0: how far metadata and delay together are off at most. nullopt: nobody knows.
  std::optional<std::int64_t> believed_reach;
};

struct Correlation {
  double value = 0;
  double overlap = 0;  // slots that were compared
};

// At one lag. Sums are taken in double.
Correlation correlation_at(const LevelUnit& unit, const RecordedTrack& track, std::int64_t lag);

// At lags first, first + 1, …
std::vector<Correlation> correlations(const LevelUnit& unit, const RecordedTrack& track,
                                      std::int64_t first, std::size_t count);

// By how much (natural logarithm) such a correlation speaks for "this is its place".
double evidence(const LevelUnit& unit, const Correlation& correlation);

struct PlacedUnit {
  std::size_t unit = 0;    // index
  std::int64_t lag = 0;    // the most probable one
  double probability = 0;  // of that lag and two on either side
  double unmatched = 0;    // probability that it is nowhere within reach
  double evidence = 0;     // at that lag
  double correlation = 0;  // at that lag
  // It and its neighbours would fit as well elsewhere.
  bool fits_elsewhere = false;
};

std::vector<PlacedUnit> place_units(std::span<const LevelUnit> units, const RecordedTrack& track,
                                    const LagSearch& search);

}  // namespace earshot::recording::detail
