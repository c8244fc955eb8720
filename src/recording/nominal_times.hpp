#pragma once
// Where a chunk's samples lie on the call's clock by the chunk's own word, and what the clock
// mapping takes off that. The transcript, which says where a turn is heard, and the mender, which
// puts sound there, count by the same. Pure.

#include "domain/clock_mapping.hpp"
#include "domain/recording.hpp"
#include "domain/timeline.hpp"

#include <cstddef>
#include <vector>

namespace earshot::recording {

// A recorded span of a timeline, in nominal time (domain/clock_mapping.hpp).
struct NominalSpan {
  std::size_t index = 0;  // among the timeline's spans
  Duration from{0};
  Duration to{0};
};
// The recorded spans of a chunk, ascending. A start that lies far from where the timeline has the
// chunk was not believed, and a chunk may have none: then its spans are where the timeline has
// them, as the alignment laid them out. Pauses may be written into a chunk or left out of it;
// whichever fits the timeline holds. None for a chunk without a sample rate.
std::vector<NominalSpan> nominal_spans(const Chunk& chunk, const Timeline& timeline,
                                       WallTime call_zero);

// How far off a piece's shift may be at a call time, half-width. Within the piece that is what it
// claims. Elsewhere another delay may hold: the assistant's changes with every run of its play-out,
// the caller's seldom; and clocks drift, and delays creep.
Duration uncertainty_at(const MappingPiece& piece, Duration call_time);

// The piece of a recording whose shift is known best at a call time, for a chunk: of another
// chunk's piece other_metadata more is doubted, since each chunk's metadata start errs by itself.
// nullptr without any. In the mapping's memory.
inline constexpr Duration other_metadata = std::chrono::milliseconds(500);
const MappingPiece* best_piece_of(const ClockMapping& mapping, Speaker side,
                                  const RecordingId& recording, ChunkIndex chunk,
                                  Duration call_time);

}  // namespace earshot::recording
