#include "recording/transcript.hpp"

#include "domain/evidence.hpp"
#include "domain/judge.hpp"
#include "recording/detail/tap_fills.hpp"
#include "recording/nominal_times.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace earshot::recording {
namespace {

// Less of a turn outside of the audio is rounding: a slot of the ledger.
constexpr Duration part_min = 20ms;
// A delay changes between two utterances, and where exactly is known to the second only. So the
// piece that holds for an end of a turn is looked for so far inside the turn.
constexpr Duration inside_turn = 300ms;
constexpr Duration known_well = 100ms;

// A recorded span on its three clocks. All are straight lines between their ends.
struct RecordedSpan {
  RecordingId recording;
  ChunkIndex chunk;
  Duration from{0};  // of the timeline
  Duration to{0};
  Duration nominal_from{0};  // by metadata and number of samples, as the mapping counts
  Duration nominal_to{0};
  Duration joined_from{0};  // in the joined chunks
  Duration joined_to{0};
};

Duration between(Duration at, Duration from, Duration to, Duration out_from, Duration out_to) {
  if (to <= from) return out_from;
  const double part =
      static_cast<double>((at - from).count()) / static_cast<double>((to - from).count());
  return out_from + Duration(std::llround(part * static_cast<double>((out_to - out_from).count())));
}

Duration distance(Duration at, Duration from, Duration to) {
  if (at < from) return from - at;
  return at > to ? at - to : Duration{0};
}

// The chunks' own words as a timeline, for a call that was not verified yet.
Timeline timeline_by_metadata(const std::vector<Chunk>& chunks, WallTime zero) {
  Timeline timeline;
  for (const auto& chunk : chunks) {
    const auto frames = frames_of(chunk);
    if (frames == 0 || chunk.format.sample_rate_hz == 0) continue;
    const Duration from = std::max(chunk.start ? *chunk.start - zero : timeline.to, timeline.to);
    timeline.to = from + length_of_frames(frames, chunk.format.sample_rate_hz);
    timeline.spans.push_back({.from = from,
                              .to = timeline.to,
                              .kind = SpanKind::recorded,
                              .source = SpanSource::acs,
                              .recording = chunk.recording,
                              .chunk = chunk.index,
                              .first_frame = 0,
                              .frames = frames});
  }
  return timeline;
}

class Placer {
 public:
  explicit Placer(const TranscriptSubject& subject) {
    if (!subject.call_zero) return;
    zero_ = *subject.call_zero;
    if (subject.verdict) {
      timeline_ = subject.verdict->timeline;
      mapping_ = subject.verdict->mapping;
    } else {
      timeline_ = timeline_by_metadata(subject.chunks, zero_);
    }
    if (mapping_.pieces.empty()) mapping_ = mapping_by_metadata(timeline_, {});
    join(subject.chunks);
    for (const auto side : {Speaker::caller, Speaker::assistant})
      fills_.emplace_back(subject, side, timeline_, mapping_);
  }

  bool has_audio() const { return !spans_.empty(); }

  // Where what the bridge had at that time stands on the timeline, by that piece.
  Duration on_timeline(const MappingPiece* piece, Duration call_time) const {
    if (piece == nullptr) return call_time;
    const Duration nominal = call_time + piece->shift;
    const auto* span = nearest_span(*piece, nominal);
    if (span == nullptr) return nominal;
    const Duration inside = std::clamp(nominal, span->nominal_from, span->nominal_to);
    return between(inside, span->nominal_from, span->nominal_to, span->from, span->to) +
           (nominal - inside);
  }

  // The fill by the tap at that time of the timeline; nullptr: it is no such time.
  const TapFill* tap_fill(Speaker side, Duration at) const {
    return fills_.empty() ? nullptr : fills_[side == Speaker::caller ? 0 : 1].at(at);
  }

  TurnPlace repaired(Duration from, Duration to) const {
    const auto within = [&](Duration at) {
      return std::clamp(at, timeline_.from, timeline_.to) - timeline_.from;
    };
    return {.start = within(from),
            .end = within(to),
            .presence = presence(from, to, [](const Span& span) {
              return span.kind == SpanKind::recorded || span.kind == SpanKind::repaired;
            })};
  }

  TurnPlace joined(Duration from, Duration to) const {
    return {.start = joined_at(from),
            .end = joined_at(to),
            .presence = presence(from, to,
                                 [](const Span& span) { return span.kind == SpanKind::recorded; })};
  }
  // What lies between two recorded spans falls on the seam.
  Duration joined_at(Duration at) const {
    const RecordedSpan* last = nullptr;
    for (const auto& span : spans_) {
      if (span.from > at) break;
      last = &span;
    }
    if (last == nullptr) return spans_.empty() ? Duration{0} : spans_.front().joined_from;
    return between(std::min(at, last->to), last->from, last->to, last->joined_from,
                   last->joined_to);
  }

  struct ChosenPiece {
    const MappingPiece* piece = nullptr;
    Duration uncertainty{0};
  };
  // Some pieces are guesses, wide as a second, where next to nothing was said. Then what is known
  // well close by is worth more.
  ChosenPiece choose_piece(Speaker side, Duration call_time) const {
    ChosenPiece best;
    for (const auto& piece : mapping_.pieces) {
      if (piece.side != side) continue;
      const Duration uncertainty = uncertainty_at(piece, call_time);
      if (best.piece == nullptr || uncertainty < best.uncertainty) best = {&piece, uncertainty};
    }
    return best;
  }

 private:
  void join(const std::vector<Chunk>& chunks) {
    Duration joined{0};
    for (const auto& chunk : chunks) {
      const auto rate = chunk.format.sample_rate_hz;
      const auto frames = frames_of(chunk);
      if (frames == 0 || rate == 0) continue;
      for (const auto& nominal : nominal_spans(chunk, timeline_, zero_)) {
        const Span& span = timeline_.spans[nominal.index];
        const Duration first = length_of_frames(span.first_frame, rate);
        spans_.push_back({.recording = chunk.recording,
                          .chunk = chunk.index,
                          .from = span.from,
                          .to = span.to,
                          .nominal_from = nominal.from,
                          .nominal_to = nominal.to,
                          .joined_from = joined + first,
                          .joined_to = joined + first + length_of_frames(span.frames, rate)});
      }
      joined += length_of_frames(frames, rate);
    }
    std::ranges::sort(spans_, {}, &RecordedSpan::from);
  }

  const RecordedSpan* nearest_span(const MappingPiece& piece, Duration nominal) const {
    const RecordedSpan* best = nullptr;
    for (const auto& span : spans_) {
      if (span.chunk != piece.chunk || span.recording != piece.recording) continue;
      if (best != nullptr && distance(nominal, best->nominal_from, best->nominal_to) <=
                                 distance(nominal, span.nominal_from, span.nominal_to))
        continue;
      best = &span;
    }
    return best;
  }

  template <class Holds>
  Presence presence(Duration from, Duration to, Holds holds) const {
    Duration there{0};
    for (const auto& span : timeline_.spans)
      if (holds(span))
        there += std::max(Duration{0}, std::min(span.to, to) - std::max(span.from, from));
    if (there + part_min >= to - from)
      return there > Duration{0} || from == to ? Presence::whole : Presence::none;
    return there < part_min ? Presence::none : Presence::part;
  }

  WallTime zero_{};
  Timeline timeline_;
  ClockMapping mapping_;
  std::vector<RecordedSpan> spans_;  // ascending
  std::vector<TapFills> fills_;      // caller's, assistant's
};

// The start of a turn and its end may lie in two pieces, and each is moved by its own; but a guess
// at one of them must not stretch the turn.
class TurnPlacer {
 public:
  TurnPlacer(const Placer& placer, const Turn& turn) : placer_(placer), speaker_(turn.speaker) {
    const Duration inside = std::min(inside_turn, (turn.end - turn.start) / 2);
    middle_ = turn.start + (turn.end - turn.start) / 2;
    first_ = placer.choose_piece(turn.speaker, turn.start + inside);
    last_ = placer.choose_piece(turn.speaker, turn.end - inside);
    const auto worst = std::max(first_.uncertainty, last_.uncertainty);
    if (worst > known_well) {
      const auto better = first_.uncertainty <= last_.uncertainty ? first_ : last_;
      first_ = last_ = {better.piece, worst};
    }
    from_ = at(turn.start);
    to_ = std::max(from_, at(turn.end));
    // What the mender has put somewhere is there, however uncertain it is when it was played.
    if (const auto* fill = fill_at(turn.start)) first_.uncertainty = fill->uncertainty(from_, to_);
    if (const auto* fill = fill_at(turn.end)) last_.uncertainty = fill->uncertainty(from_, to_);
  }

  Duration at(Duration call_time) const {
    const auto* fill = fill_at(call_time);
    return fill != nullptr ? fill->place(call_time) : by_mapping(call_time);
  }
  Duration from() const { return from_; }
  Duration to() const { return to_; }

  void judge(TranscriptTurn& out) const {
    for (const auto& chosen : {first_, last_}) {
      const auto basis = chosen.piece == nullptr ? MappingBasis::metadata : chosen.piece->basis;
      out.basis = out.basis ? std::min(*out.basis, basis) : basis;
      out.uncertainty = std::max(out.uncertainty, chosen.uncertainty);
    }
  }

 private:
  Duration by_mapping(Duration call_time) const {
    return placer_.on_timeline(call_time < middle_ ? first_.piece : last_.piece, call_time);
  }
  const TapFill* fill_at(Duration call_time) const {
    return placer_.tap_fill(speaker_, by_mapping(call_time));
  }

  const Placer& placer_;
  Speaker speaker_;
  Placer::ChosenPiece first_;
  Placer::ChosenPiece last_;
  Duration middle_{0};
  Duration from_{0};
  Duration to_{0};
};

std::optional<TranscriptCut> cut_of(const Turn& turn) {
  if (!turn.cut) return std::nullopt;
  TranscriptCut cut{.verified_by = {},
                    .stop_left = turn.cut->stop_left,
                    .believed_end = turn.end,
                    .believed_text = turn.text};
  if (turn.verified) {
    cut.verified_by = turn.verified->basis;
    cut.uncertainty = turn.verified->uncertainty;
  }
  return cut;
}

TranscriptTurn place_turn(const Turn& stored, const Placer& placer, bool verified,
                          TranscriptSource source) {
  const Turn turn = as_heard(stored);
  const Duration end = std::max(turn.start, turn.end);
  TranscriptTurn out{.speaker = turn.speaker,
                     .text = turn.text,
                     .interrupted = turn.interrupted,
                     .cut_is_estimated = turn.cut_is_estimated,
                     .words = turn.words,
                     .call = {.start = turn.start, .end = end},
                     .cut = cut_of(stored),
                     .session_id = turn.session_id,
                     .item_id = turn.item_id};
  const TurnPlacer placing(placer, turn);
  if (placer.has_audio()) out.acs = placer.joined(placing.from(), placing.to());
  if (verified) out.repaired = placer.repaired(placing.from(), placing.to());
  if (out.acs || out.repaired) placing.judge(out);
  out.place = source == TranscriptSource::acs        ? out.acs.value_or(out.call)
              : source == TranscriptSource::repaired ? out.repaired.value_or(out.call)
                                                     : out.call;
  const auto move = [&](Duration at) {
    if (source == TranscriptSource::acs) return placer.joined_at(placing.at(at));
    if (source == TranscriptSource::repaired) {
      const Duration there = placing.at(at);
      return placer.repaired(there, there).start;
    }
    return at;
  };
  for (auto& word : out.words) {
    word.start = move(word.start);
    word.end = std::max(word.start, move(word.end));
  }
  return out;
}

}  // namespace

std::string_view to_text(TranscriptSource source) {
  switch (source) {
    case TranscriptSource::call:
      return "call";
    case TranscriptSource::acs:
      return "acs";
    case TranscriptSource::repaired:
      return "repaired";
    case TranscriptSource::tap:
      return "tap";
  }
  return "unknown";
}

std::optional<TranscriptSource> parse_transcript_source(std::string_view text) {
  if (text.empty()) return TranscriptSource::call;
  for (const auto source : {TranscriptSource::call, TranscriptSource::acs,
                            TranscriptSource::repaired, TranscriptSource::tap})
    if (text == to_text(source)) return source;
  return std::nullopt;
}

std::string_view to_text(Presence presence) {
  switch (presence) {
    case Presence::whole:
      return "whole";
    case Presence::part:
      return "part";
    case Presence::none:
      return "none";
  }
  return "unknown";
}

Result<Transcript> make_transcript(const TranscriptSubject& subject, TranscriptSource source) {
  const bool verified = subject.verdict && subject.verdict->timeline.to > Duration{0};
  if (source == TranscriptSource::repaired && !verified)
    return fail(ErrorKind::conflict,
                "the recording was not verified yet; until then there is source=call");
  const Placer placer(subject);
  if (source == TranscriptSource::acs && !placer.has_audio())
    return fail(ErrorKind::not_found,
                "the recording has no audio yet; until then there is source=call");
  Transcript transcript{.call = subject.call, .source = source};
  if (subject.verdict) transcript.verdict = subject.verdict->number;
  for (const auto& turn : subject.turns)
    transcript.turns.push_back(place_turn(turn, placer, verified, source));
  std::ranges::sort(transcript.turns, {}, [](const TranscriptTurn& turn) {
    return std::tie(turn.place.start, turn.place.end, turn.call.start, turn.session_id,
                    turn.item_id);
  });
  if (source == TranscriptSource::acs || source == TranscriptSource::repaired)
    for (const auto& turn : transcript.turns)
      if (turn.basis)
        transcript.basis =
            transcript.basis ? std::min(*transcript.basis, *turn.basis) : *turn.basis;
  return transcript;
}

}  // namespace earshot::recording
