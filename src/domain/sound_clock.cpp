#include "domain/detail/placed_audio.hpp"

#include <algorithm>

namespace earshot::detail {
namespace {

// Vaguer pieces say nothing here.
constexpr Duration uncertainty_max = 100ms;

}  // namespace

SoundClock::SoundClock(const ClockMapping& mapping, const RecordingId& recording) {
  for (const auto& piece : mapping.pieces)
    if (piece.side == Speaker::caller && piece.recording == recording &&
        piece.basis != MappingBasis::metadata && piece.uncertainty <= uncertainty_max)
      pieces_[piece.chunk].push_back(piece);
  for (auto& [chunk, pieces] : pieces_) std::ranges::sort(pieces, {}, &MappingPiece::from);
}

Duration SoundClock::stretched(ChunkIndex chunk) const {
  const auto found = pieces_.find(chunk);
  if (found == pieces_.end()) return Duration{0};
  const auto& first = found->second.front();
  const auto& last = found->second.back();
  const Duration difference = first.shift - last.shift;
  const bool sure = std::chrono::abs(difference) > first.uncertainty + last.uncertainty;
  return sure ? difference : Duration{0};
}

std::vector<SoundClock::Loss> SoundClock::losses(ChunkIndex chunk, Duration threshold) const {
  std::vector<Loss> losses;
  const auto found = pieces_.find(chunk);
  if (found == pieces_.end()) return losses;
  const auto& pieces = found->second;
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    const Duration length = pieces[i - 1].shift - pieces[i].shift;
    const Duration doubt = pieces[i - 1].uncertainty + pieces[i].uncertainty;
    if (length >= std::max(threshold, doubt))
      losses.push_back({.at = pieces[i - 1].to + pieces[i - 1].shift, .length = length});
  }
  return losses;
}

}  // namespace earshot::detail
