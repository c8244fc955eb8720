#include "domain/clock_mapping.hpp"

#include <algorithm>

namespace earshot {

namespace {

// How far `time` lies from [from, to].
Duration distance(Duration time, Duration from, Duration to) {
  if (time < from) return from - time;
  return time > to ? time - to : Duration{0};
}

}  // namespace

const MappingPiece* piece_at(const ClockMapping& mapping, Speaker side, Duration call_time) {
  const MappingPiece* best = nullptr;
  Duration best_distance{0};
  for (const MappingPiece& piece : mapping.pieces) {
    if (piece.side != side) continue;
    const Duration away = distance(call_time, piece.from, piece.to);
    // On a boundary, the piece that begins there.
    if (best && (away > best_distance || (away == best_distance && away > Duration{0}))) continue;
    best = &piece;
    best_distance = away;
  }
  return best;
}

const MappingPiece* piece_of_nominal(const ClockMapping& mapping, Speaker side,
                                     const RecordingId& recording, ChunkIndex chunk,
                                     Duration nominal) {
  const MappingPiece* best = nullptr;
  Duration best_distance{0};
  for (const MappingPiece& piece : mapping.pieces) {
    if (piece.side != side || piece.chunk != chunk || piece.recording != recording) continue;
    const Duration away = distance(nominal - piece.shift, piece.from, piece.to);
    if (best && (away > best_distance || (away == best_distance && away > Duration{0}))) continue;
    best = &piece;
    best_distance = away;
  }
  return best;
}

}  // namespace earshot
