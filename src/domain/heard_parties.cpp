#include "domain/detail/heard_parties.hpp"

#include "domain/level_meter.hpp"

#include <algorithm>
#include <cmath>

namespace earshot::detail {
namespace {

// The other one is quiet so long before and after: then the two voices' different delays cannot
// lay one over the other.
constexpr std::ptrdiff_t guard_slots = 25;

constexpr Duration shift_max = ledger_slot * guard_slots;

// The lowest level byte that is as loud as this.
std::uint8_t level_byte(double dbfs) {
  const double byte = level_full_scale + dbfs / level_db_per_step;
  return static_cast<std::uint8_t>(
      std::clamp(std::ceil(byte), double{level_lowest}, double{level_full_scale}));
}

std::uint8_t at(const std::vector<std::uint8_t>& levels, std::ptrdiff_t slot) {
  return slot >= 0 && slot < std::ssize(levels) ? levels[static_cast<std::size_t>(slot)]
                                                : level_no_data;
}

class Listener {
 public:
  Listener(Speaker party, const CallEvidence& evidence, const Timeline& timeline,
           const VerdictThresholds& thresholds)
      : party_(party),
        evidence_(evidence),
        timeline_(timeline),
        loud_(level_byte(thresholds.speech_dbfs)),
        audible_(level_byte(thresholds.heard_dbfs)),
        default_shift_(party == Speaker::assistant ? thresholds.downlink : Duration{0}) {}

  PartyHeard listen() {
    PartyHeard result;
    const auto& ledger = *evidence_.ledger;
    const auto& mine = party_ == Speaker::caller ? ledger.caller : ledger.assistant;
    const auto& other = party_ == Speaker::caller ? ledger.assistant : ledger.caller;
    std::ptrdiff_t other_loud_until = -1;  // the newest loud slot of the other, looked ahead
    std::ptrdiff_t looked_until = -1;
    for (std::ptrdiff_t slot = 0; slot < std::ssize(mine); ++slot) {
      for (; looked_until < slot + guard_slots; ++looked_until)
        if (at(other, looked_until + 1) >= loud_) other_loud_until = looked_until + 1;
      if (mine[static_cast<std::size_t>(slot)] < loud_) continue;
      if (other_loud_until >= slot - guard_slots && other_loud_until >= 0) continue;
      count(slot, result);
    }
    return result;
  }

 private:
  struct Place {
    Duration shift;
    Duration around;
  };

  // Of the mapping's pieces of this side the one that holds at that time, or is nearest.
  Place place_of(Duration time) const {
    const MappingPiece* nearest = nullptr;
    Duration distance = Duration::max();
    for (const auto& piece : evidence_.mapping.pieces) {
      if (piece.side != party_ || piece.basis == MappingBasis::metadata) continue;
      // A match in the wrong place: no way of sound is that long.
      if (std::chrono::abs(piece.shift - default_shift_) > shift_max) continue;
      const Duration off = time < piece.from ? piece.from - time
                           : time > piece.to ? time - piece.to
                                             : Duration{0};
      if (nearest == nullptr || off < distance) {
        nearest = &piece;
        distance = off;
      }
    }
    if (nearest == nullptr) return {default_shift_, Duration{300ms}};
    return {nearest->shift, std::max(Duration{60ms}, nearest->uncertainty)};
  }

  const Span* span_at(Duration time) const {
    const auto after = std::ranges::upper_bound(timeline_.spans, time, {}, &Span::from);
    if (after == timeline_.spans.begin()) return nullptr;
    const auto& span = *std::prev(after);
    return span.kind == SpanKind::recorded && time < span.to ? &span : nullptr;
  }

  const ChunkEvidence* chunk_of(const Span& span) const {
    if (last_span_ == &span) return last_chunk_;
    last_span_ = &span;
    last_chunk_ = nullptr;
    for (const auto& recording : evidence_.recordings)
      if (recording.recording.id == span.recording)
        for (const auto& chunk : recording.chunks)
          if (chunk.chunk.index == span.chunk) last_chunk_ = &chunk;
    return last_chunk_;
  }

  // nullopt: no recorded, examined audio holds that time.
  std::optional<std::uint8_t> recorded_level(Duration time) const {
    const auto* span = span_at(time);
    if (span == nullptr) return std::nullopt;
    const auto* chunk = chunk_of(*span);
    if (chunk == nullptr || chunk->levels.empty() || chunk->chunk.format.sample_rate_hz == 0)
      return std::nullopt;
    const double part = static_cast<double>((time - span->from).count()) /
                        static_cast<double>(span->length().count());
    const auto frame =
        span->first_frame + static_cast<std::uint64_t>(part * static_cast<double>(span->frames));
    const auto slot = frame * 50 / chunk->chunk.format.sample_rate_hz;
    std::uint8_t loudest = level_no_data;
    for (const auto& channel : chunk->levels)
      if (slot < channel.size()) loudest = std::max(loudest, channel[slot]);
    if (loudest == level_no_data) return std::nullopt;
    return loudest;
  }

  void count(std::ptrdiff_t slot, PartyHeard& result) const {
    const Duration time = ledger_slot * slot;
    const auto place = place_of(time);
    const Duration middle = time + place.shift;
    if (!recorded_level(middle)) return;
    result.alone += ledger_slot;
    for (Duration off = -place.around; off <= place.around; off += ledger_slot) {
      const auto level = recorded_level(middle + off);
      if (!level || *level < audible_) continue;
      result.heard += ledger_slot;
      return;
    }
  }

  Speaker party_;
  const CallEvidence& evidence_;
  const Timeline& timeline_;
  std::uint8_t loud_;
  std::uint8_t audible_;
  Duration default_shift_;
  mutable const Span* last_span_ = nullptr;
  mutable const ChunkEvidence* last_chunk_ = nullptr;
};

}  // namespace

Duration spoke(const std::vector<std::uint8_t>& levels, Duration from, Duration to,
               const VerdictThresholds& thresholds) {
  const auto loud = level_byte(thresholds.speech_dbfs);
  Duration total{0};
  for (Duration time = std::max(Duration{0}, from) / ledger_slot * ledger_slot; time < to;
       time += ledger_slot)
    if (at(levels, time / ledger_slot) >= loud) total += ledger_slot;
  return total;
}

PartyHeard hear_party(Speaker party, const CallEvidence& evidence, const Timeline& timeline,
                      const VerdictThresholds& thresholds) {
  if (!evidence.ledger) return {};
  return Listener(party, evidence, timeline, thresholds).listen();
}

}  // namespace earshot::detail
