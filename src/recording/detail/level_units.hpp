#pragma once
// Cuts one side's levels into units: some seconds of its speech, each of which must be found in the
// recording as a whole. Pure.

#include "recording/level_track.hpp"

#include <cstdint>
#include <vector>

namespace earshot::recording::detail {

struct LevelUnit {
  std::int64_t first_slot = 0;  // of the call
  std::vector<float> level;     // decibels above the floor; 0 where not to be judged
  std::vector<float> weight;    // 1: to be judged; 0: not
  double active = 0;            // slots to be judged
  double speech = 0;            // of them, slots with speech
  double independent = 0;       // how many independent values `active` is worth
  bool starts_run = false;      // its delay may differ from the one before it

  std::int64_t end_slot() const { return first_slot + static_cast<std::int64_t>(level.size()); }
};

struct UnitOptions {
  bool mixed = true;
  std::int64_t guard_slots = 25;
  double active_slots = 200;  // then a unit is full
  std::int64_t span_slots_max = 1500;
  double speech_slots_min = 20;  // fewer: no unit
};

std::vector<LevelUnit> cut_into_units(const CallLevels& call, Speaker side,
                                      const UnitOptions& options);

// The assistant's play-out runs: data without a break.
std::vector<SlotRange> play_out_ranges(const CallLevels& call);
// The whole call, cut where the side's delay may change: a run of the assistant's with the silence
// behind it; the caller's time from one break of its clock to the next.
std::vector<SlotRange> delay_runs(const CallLevels& call, Speaker side);

}  // namespace earshot::recording::detail
