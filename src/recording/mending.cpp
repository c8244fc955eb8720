#include "recording/mending.hpp"

#include "recording/nominal_times.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace earshot::recording {
namespace {

Stretch overlap(Stretch a, Stretch b) { return {std::max(a.from, b.from), std::min(a.to, b.to)}; }
Duration length(Stretch stretch) { return stretch.to - stretch.from; }

Duration of_frames(std::uint64_t frames, std::uint32_t rate_hz) {
  return Duration(std::llround(static_cast<double>(frames) * 1e6 / rate_hz));
}

// The frame that belongs to a time within the copy.
std::uint64_t frame_at(const CopiedStretch& copy, Duration at) {
  const auto whole = static_cast<double>(length(copy.stretch).count());
  const auto part = static_cast<double>((at - copy.stretch.from).count());
  return copy.first_frame +
         static_cast<std::uint64_t>(std::llround(part / whole * static_cast<double>(copy.frames)));
}

// Fills one gap by the sources in their order; what was not filled yet is worked off one by one.
class GapFiller {
 public:
  GapFiller(Span gap, std::vector<Span>& out) : gap_(std::move(gap)), out_(out) {
    open_.push_back({gap_.from, gap_.to});
  }

  void take(const CopiedStretch& copy) {
    if (copy.frames == 0 || length(copy.stretch) <= Duration{0}) return;
    fill(copy.stretch, [&](Stretch part) {
      auto span = repaired(part, SpanSource::acs_second_copy);
      span.recording = copy.recording;
      span.chunk = copy.chunk;
      span.first_frame = frame_at(copy, part.from);
      span.frames = frame_at(copy, part.to) - span.first_frame;
      return span;
    });
  }

  void take(Stretch tap) {
    fill(tap, [&](Stretch part) { return repaired(part, SpanSource::tap); });
  }

  void finish() {
    for (const auto& left : open_) {
      auto span = gap_;
      span.from = left.from;
      span.to = left.to;
      filled_.push_back(std::move(span));
    }
    std::ranges::sort(filled_, {}, &Span::from);
    std::ranges::move(filled_, std::back_inserter(out_));
  }

 private:
  template <class Make>
  void fill(Stretch with, const Make& make) {
    std::vector<Stretch> left;
    for (const auto& hole : open_) {
      const auto part = overlap(hole, with);
      if (length(part) < mended_length_min) {
        left.push_back(hole);
        continue;
      }
      filled_.push_back(make(part));
      if (hole.from < part.from) left.push_back({hole.from, part.from});
      if (part.to < hole.to) left.push_back({part.to, hole.to});
    }
    open_ = std::move(left);
  }

  Span repaired(Stretch part, SpanSource source) const {
    Span span;
    span.from = part.from;
    span.to = part.to;
    span.kind = SpanKind::repaired;
    span.source = source;
    span.cause = gap_.cause;
    return span;
  }

  Span gap_;
  std::vector<Span>& out_;
  std::vector<Stretch> open_;
  std::vector<Span> filled_;
};

}  // namespace

Timeline fill_gaps(const Timeline& timeline, const MendingSources& sources) {
  Timeline out{.from = timeline.from, .to = timeline.to, .spans = {}};
  for (const auto& span : timeline.spans) {
    if (span.kind == SpanKind::recorded || span.kind == SpanKind::paused) {
      out.spans.push_back(span);
      continue;
    }
    Span gap;
    gap.from = span.from;
    gap.to = span.to;
    gap.cause = span.cause;
    GapFiller filler(std::move(gap), out.spans);
    for (const auto& copy : sources.second_copies) filler.take(copy);
    for (const auto& stretch : sources.tap) filler.take(stretch);
    filler.finish();
  }
  return out;
}

std::optional<Stretch> nominal_stretch(const Chunk& chunk, WallTime call_zero) {
  const auto frame_bytes = chunk.format.frame_bytes();
  if (!chunk.start || frame_bytes == 0 || chunk.format.sample_rate_hz == 0) return std::nullopt;
  const auto from = *chunk.start - call_zero;
  return Stretch{from,
                 from + of_frames(chunk.data_bytes / frame_bytes, chunk.format.sample_rate_hz)};
}

std::vector<CopiedStretch> place_copy(const Chunk& copy, WallTime call_zero,
                                      const Timeline& timeline) {
  const auto nominal = nominal_stretch(copy, call_zero);
  if (!nominal || copy.data_bytes == 0) return {};
  const auto rate = copy.format.sample_rate_hz;
  const auto all = copy.data_bytes / copy.format.frame_bytes();
  std::vector<CopiedStretch> out;
  Duration at = nominal->from;
  std::uint64_t first = 0;
  const auto place = [&](std::uint64_t frames) {
    if (frames == 0) return;
    out.push_back({.recording = copy.recording,
                   .chunk = copy.index,
                   .stretch = {at, at + of_frames(frames, rate)},
                   .first_frame = first,
                   .frames = frames});
    first += frames;
  };
  for (const auto& span : timeline.spans) {
    if (span.kind != SpanKind::paused || span.to <= at) continue;
    const auto until_pause = std::max(span.from - at, Duration{0});
    const auto frames = static_cast<std::uint64_t>(
        std::llround(static_cast<double>(until_pause.count()) * rate / 1e6));
    if (frames >= all - first) break;
    place(frames);
    at = span.to;
  }
  place(all - first);
  return out;
}

Displacement displacement_of(const Span& recorded, Speaker side, const Chunk& chunk,
                             WallTime call_zero, const ClockMapping& mapping,
                             const Timeline& timeline) {
  const auto shift = [&](Duration at) {
    const auto* piece = best_piece_of(mapping, side, recorded.recording, recorded.chunk, at);
    return piece == nullptr ? Duration{0} : piece->shift;
  };
  const auto moved = [&](Duration placed, Duration nominal) {
    return std::clamp(placed - (nominal - shift(placed)), -displacement_max, displacement_max);
  };
  for (const auto& nominal : nominal_spans(chunk, timeline, call_zero))
    if (timeline.spans[nominal.index] == recorded)
      return {moved(recorded.from, nominal.from), moved(recorded.to, nominal.to)};
  return {};
}

}  // namespace earshot::recording
