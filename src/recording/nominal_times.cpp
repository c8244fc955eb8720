#include "recording/nominal_times.hpp"

#include "domain/evidence.hpp"

#include <chrono>
#include <utility>

namespace earshot::recording {
namespace {

// Between a chunk's own word on its beginning and where the timeline has it: more, and its word was
// not believed.
constexpr Duration start_doubt = 2s;
// What a piece that holds elsewhere may be wrong by.
constexpr Duration other_run = 250ms;
constexpr Duration other_chunk = 20ms;
// And by so much of the distance.
constexpr int creep_divisor = 20;

Duration distance(Duration at, Duration from, Duration to) {
  if (at < from) return from - at;
  return at > to ? at - to : Duration{0};
}

Duration nominal_start(const Chunk& chunk, const Span& span, WallTime call_zero, Duration first,
                       Duration paused) {
  if (!chunk.start) return span.from;
  const Duration in_samples = *chunk.start - call_zero + first;
  const Duration left_out = in_samples + paused;
  const auto off = [&](Duration nominal) { return std::chrono::abs(nominal - span.from); };
  const Duration best = off(left_out) <= off(in_samples) ? left_out : in_samples;
  return off(best) <= start_doubt ? best : span.from;
}

}  // namespace

std::vector<NominalSpan> nominal_spans(const Chunk& chunk, const Timeline& timeline,
                                       WallTime call_zero) {
  std::vector<NominalSpan> out;
  const auto rate = chunk.format.sample_rate_hz;
  if (rate == 0) return out;
  Duration paused{0};
  for (std::size_t i = 0; i < timeline.spans.size(); ++i) {
    const Span& span = timeline.spans[i];
    if (!out.empty() && span.kind == SpanKind::paused) paused += span.length();
    if (span.kind != SpanKind::recorded || span.recording != chunk.recording ||
        span.chunk != chunk.index)
      continue;
    const Duration first = length_of_frames(span.first_frame, rate);
    const Duration from = nominal_start(chunk, span, call_zero, first, paused);
    out.push_back({.index = i, .from = from, .to = from + length_of_frames(span.frames, rate)});
  }
  return out;
}

Duration uncertainty_at(const MappingPiece& piece, Duration call_time) {
  const Duration away = distance(call_time, piece.from, piece.to);
  if (away == Duration{0}) return piece.uncertainty;
  return piece.uncertainty + away / creep_divisor +
         (piece.side == Speaker::assistant ? other_run : other_chunk);
}

const MappingPiece* best_piece_of(const ClockMapping& mapping, Speaker side,
                                  const RecordingId& recording, ChunkIndex chunk,
                                  Duration call_time) {
  const MappingPiece* best = nullptr;
  std::pair<Duration, bool> best_rank;
  for (const auto& piece : mapping.pieces) {
    if (piece.side != side || piece.recording != recording) continue;
    const bool other = piece.chunk != chunk;
    const auto doubt = uncertainty_at(piece, call_time) + (other ? other_metadata : Duration{0});
    const auto rank = std::pair(doubt, other);
    if (best != nullptr && rank >= best_rank) continue;
    best = &piece;
    best_rank = rank;
  }
  return best;
}

}  // namespace earshot::recording
