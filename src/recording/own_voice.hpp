#pragma once
// Whether what the bridge hears of the caller contains what it played itself: because ACS sends
// back the mix of all, or because a line or a loudspeaker echoes. Such sound is not the caller.
// Pure.

#include "recording/level_track.hpp"

#include <vector>

namespace earshot::recording {

struct OwnVoice {
  bool present = false;
  Duration delay{0};   // from play-out to its return, in the median
  double gain_db = 0;  // of what returns, against what was played, in the median
  double score = 0;    // 0..1: correlation of the levels
  // Slots of the caller in which nothing but our own voice is heard. Ascending.
  std::vector<SlotRange> slots;
};

// An echo returns within `delay_max` of its play-out.
OwnVoice find_own_voice(const CallLevels& call, Duration delay_max = 2s);

// The same call with silence where the caller's side held only our own voice. Where the caller
// spoke over it, it stays.
CallLevels without_own_voice(CallLevels call, const OwnVoice& own_voice);

}  // namespace earshot::recording
