#include "recording/detail/tap_fills.hpp"

#include <algorithm>

namespace earshot::recording {
namespace {

class FillFinder {
 public:
  FillFinder(const TranscriptSubject& subject, Speaker side, const Timeline& timeline,
             const ClockMapping& mapping)
      : subject_(subject), side_(side), timeline_(timeline), mapping_(mapping) {}

  TapFill fill_of(const Span& span) const {
    const Span* before = nullptr;
    const Span* after = nullptr;
    for (const auto& other : timeline_.spans) {
      if (other.kind != SpanKind::recorded || chunk_of(other) == nullptr) continue;
      if (other.to <= span.from) before = &other;
      if (other.from >= span.to && after == nullptr) after = &other;
    }
    TapFill fill{.from = span.from, .to = span.to};
    if (before != nullptr) fill.before = displacement(*before).at_end;
    fill.after = after == nullptr ? fill.before : displacement(*after).at_begin;
    if (before == nullptr) fill.before = fill.after;
    const Duration lost_from = before == nullptr ? span.from : before->to;
    const Duration lost_to = after == nullptr ? span.to : after->from;
    const Duration middle = lost_from + (lost_to - lost_from) / 2;
    const Duration reach = turn_reach(lost_to - lost_from);
    fill.turn_from = middle - reach;
    fill.turn_to = middle + reach;
    fill.turn = quiet_place(fill, middle);
    return fill;
  }

 private:
  // The nearest one to the middle at which this side says nothing; the middle, if it speaks all the
  // time. The mender listens for it; the turns tell nearly as well.
  Duration quiet_place(const TapFill& fill, Duration middle) const {
    Duration earlier = middle;
    Duration later = middle;
    for (bool moved = true; moved;) {
      moved = false;
      for (const auto& turn : subject_.turns) {
        if (turn.speaker != side_) continue;
        const Duration from = turn.start + std::min(fill.before, fill.after);
        const Duration to = turn.end + std::max(fill.before, fill.after);
        if (from < earlier && earlier <= to) {
          moved = true;
          earlier = from;
        }
        if (from <= later && later < to) {
          moved = true;
          later = to;
        }
      }
    }
    const bool has_earlier = earlier >= fill.turn_from;
    const bool has_later = later <= fill.turn_to;
    if (has_earlier && (!has_later || middle - earlier <= later - middle)) return earlier;
    return has_later ? later : middle;
  }

  const Chunk* chunk_of(const Span& span) const {
    for (const auto& chunk : subject_.chunks)
      if (chunk.recording == span.recording && chunk.index == span.chunk) return &chunk;
    return nullptr;
  }
  Displacement displacement(const Span& span) const {
    return displacement_of(span, side_, *chunk_of(span), *subject_.call_zero, mapping_, timeline_);
  }

  const TranscriptSubject& subject_;
  Speaker side_;
  const Timeline& timeline_;
  const ClockMapping& mapping_;
};

}  // namespace

Duration TapFill::place(Duration call_time) const {
  return call_time + before < turn ? call_time + before : call_time + after;
}

Duration TapFill::uncertainty(Duration at, Duration until) const {
  const bool clear = until < turn_from || at > turn_to;
  return clear ? Duration{0} : std::chrono::abs(before - after);
}

TapFills::TapFills(const TranscriptSubject& subject, Speaker side, const Timeline& timeline,
                   const ClockMapping& mapping) {
  const FillFinder finder(subject, side, timeline, mapping);
  for (const auto& span : timeline.spans)
    if (span.kind == SpanKind::repaired && span.source == SpanSource::tap)
      fills_.push_back(finder.fill_of(span));
}

const TapFill* TapFills::at(Duration time) const {
  for (const auto& fill : fills_)
    if (fill.from <= time && time < fill.to) return &fill;
  return nullptr;
}

}  // namespace earshot::recording
