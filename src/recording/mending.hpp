#pragma once
// Which lost spans of a call are filled, and from where: the copy that ACS kept first, the bridge's
// own copy (tap) where that has nothing. A pause is never filled. Pure: recording/mender.hpp does
// the reading and writing.

#include "domain/clock_mapping.hpp"
#include "domain/recording.hpp"
#include "domain/timeline.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace earshot::recording {

// A stretch of the call's clock.
struct Stretch {
  Duration from{0};
  Duration to{0};
  bool operator==(const Stretch&) const = default;
};

// Samples of a second copy, where they belong on the call's clock.
struct CopiedStretch {
  RecordingId recording;
  ChunkIndex chunk;
  Stretch stretch;
  std::uint64_t first_frame = 0;
  std::uint64_t frames = 0;
};

struct MendingSources {
  std::vector<CopiedStretch> second_copies;
  // Where the tap holds data of either side; ascending, apart from each other.
  std::vector<Stretch> tap;
};

// Less is no repair that anybody hears: it stays a gap.
inline constexpr Duration mended_length_min = std::chrono::milliseconds(10);

// The same timeline with its gaps cut into repaired spans and what is left of them. The cause stays
// on both. A repaired span from a second copy says which samples of it; one from the tap has no
// samples yet: these come with rendering.
Timeline fill_gaps(const Timeline& timeline, const MendingSources& sources);

// Where a chunk's samples lie on the call's clock by its metadata alone; nullopt without a start
// time, or for audio that is not PCM.
std::optional<Stretch> nominal_stretch(const Chunk& chunk, WallTime call_zero);

// Where a second copy's samples belong in a timeline: where the timeline puts every chunk, which is
// by its metadata and around pauses, whose samples were never written. The clock mapping has no
// part in it: what it takes off is taken off neither side of the seams.
std::vector<CopiedStretch> place_copy(const Chunk& copy, WallTime call_zero,
                                      const Timeline& timeline);

// By how much later than the bridge had it a side's sound stands in a recorded span, as the
// timeline places that span: at its beginning and at its end. The tap's sound is moved by as much
// before it is put beside that span. Zero for a span that `timeline` does not have. No side stands
// further than displacement_max from where the call's clock has it; a mapping that says so is
// wrong.
struct Displacement {
  Duration at_begin{0};
  Duration at_end{0};
  bool operator==(const Displacement&) const = default;
};
inline constexpr Duration displacement_max = 60s;
Displacement displacement_of(const Span& recorded, Speaker side, const Chunk& chunk,
                             WallTime call_zero, const ClockMapping& mapping,
                             const Timeline& timeline);

// Around the middle of a lost stretch a side's delay changes from that of the recording before to
// that of the one behind: at its quietest place, so far from the middle at most.
inline constexpr Duration turn_reach_max = 1s;
constexpr Duration turn_reach(Duration lost) { return std::min(lost / 4, turn_reach_max); }

}  // namespace earshot::recording
