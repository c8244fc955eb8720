#include "domain/timeline_builder.hpp"

#include "domain/detail/placed_audio.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <tuple>
#include <utility>

namespace earshot {
namespace {

using detail::PlacedAudio;
using detail::PlacedRecording;
using Stretch = std::pair<Duration, Duration>;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

class Builder {
 public:
  Builder(const CallEvidence& evidence, const VerdictThresholds& thresholds)
      : evidence_(evidence), thresholds_(thresholds) {}

  BuiltTimeline build() {
    const auto zero = call_time_zero(evidence_.call);
    if (!zero) return {};
    const Duration end = evidence_.call.ended_at.value_or(*zero) - *zero;
    built_.timeline.to = std::max(Duration{0}, end);
    for (const auto& recording : evidence_.recordings)
      recordings_.push_back(
          detail::place_recording(recording, evidence_, thresholds_, built_.findings));
    gather();
    without_overlaps();
    within_the_call();
    gather_pauses(*zero);
    if (built_.timeline.to > Duration{0}) fill();
    return std::move(built_);
  }

 private:
  void gather() {
    for (const auto& recording : recordings_)
      audio_.insert(audio_.end(), recording.audio.begin(), recording.audio.end());
    std::ranges::sort(audio_, {}, [](const PlacedAudio& run) {
      return std::tie(run.from, run.to, run.recording, run.chunk, run.first_frame);
    });
  }

  Duration drift_of(const PlacedAudio& run) const {
    return Duration(std::llround(static_cast<double>((run.to - run.from).count()) *
                                 thresholds_.drift_ppm / 1e6));
  }

  // The same time twice is played once: the later run loses what the earlier one holds. Less than
  // rounding and drift explain is no overlap, and no sample is dropped for it.
  void without_overlaps() {
    std::vector<PlacedAudio> kept;
    for (auto run : audio_) {
      if (kept.empty() || run.from >= kept.back().to) {
        if (!kept.empty() && run.from - kept.back().to < thresholds_.gap) kept.back().to = run.from;
        kept.push_back(std::move(run));
        continue;
      }
      auto& before = kept.back();
      const Duration twice = std::min(before.to, run.to) - run.from;
      const bool rounding = twice <= std::max(thresholds_.gap, drift_of(before)) &&
                            run.to > before.to && before.recording == run.recording;
      if (!rounding) note_overlap(run, twice);
      if (run.to <= before.to) continue;
      if (!rounding) drop_head(run, twice);
      run.from = before.to;
      if (run.frames > 0) kept.push_back(std::move(run));
    }
    audio_ = std::move(kept);
  }

  void note_overlap(const PlacedAudio& run, Duration twice) {
    built_.findings.push_back(
        {.kind = FindingKind::overlapping_chunks,
         .recording = run.recording,
         .chunk = run.chunk,
         .party = {},
         .from = run.from,
         .to = run.from + twice,
         .detail = fmt::format("{:.3f} s of it are in another chunk already", seconds(twice))});
  }

  static void drop_head(PlacedAudio& run, Duration length) {
    const auto frames = std::min(
        run.frames, static_cast<std::uint64_t>(
                        std::llround(static_cast<double>(length.count()) * run.rate_hz / 1e6)));
    run.first_frame += frames;
    run.frames -= frames;
  }

  void within_the_call() {
    const Duration end = built_.timeline.to;
    if (!audio_.empty() && audio_.back().to - end >= thresholds_.too_long)
      built_.findings.push_back(
          {.kind = FindingKind::too_long,
           .recording = audio_.back().recording,
           .chunk = audio_.back().chunk,
           .party = {},
           .from = end,
           .to = audio_.back().to,
           .detail = fmt::format("its audio goes on for {:.3f} s after the call's end",
                                 seconds(audio_.back().to - end))});
    for (auto& run : audio_) {
      if (run.from < Duration{0}) {
        drop_head(run, std::min(-run.from, run.to - run.from));
        run.from = Duration{0};
      }
      if (run.to > end) {
        const Duration over = std::min(run.to - end, run.to - run.from);
        const auto frames = static_cast<std::uint64_t>(
            std::llround(static_cast<double>(over.count()) * run.rate_hz / 1e6));
        run.frames -= std::min(run.frames, frames);
        run.to = end;
      }
    }
    std::erase_if(audio_,
                  [](const PlacedAudio& run) { return run.to <= run.from || run.frames == 0; });
  }

  void gather_pauses(WallTime zero) {
    for (const auto& recording : recordings_)
      pauses_.insert(pauses_.end(), recording.pauses.begin(), recording.pauses.end());
    // After the operator's stop nothing was meant to be recorded.
    if (evidence_.call.recording_wish == RecordingWish::stop)
      pauses_.emplace_back(stopped_at(zero), built_.timeline.to);
    // Before the notice nothing was meant to be recorded, whatever ran.
    const Call& call = evidence_.call;
    if (call.consent == RecordingConsent::notice_first)
      pauses_.emplace_back(Duration{0}, call.notice ? call.notice->to : built_.timeline.to);
    // A pause that outlived its recording, or was wanted before one ran.
    if (evidence_.call.recording_wish == RecordingWish::pause && audio_.empty() &&
        evidence_.recordings.empty())
      pauses_.emplace_back(Duration{0}, built_.timeline.to);
    std::erase_if(pauses_, [](const Stretch& pause) { return pause.second <= pause.first; });
    std::ranges::sort(pauses_);
  }

  Duration stopped_at(WallTime zero) const {
    if (evidence_.recordings.empty()) return Duration{0};
    const auto& last = evidence_.recordings.back().recording;
    return last.ended_at ? *last.ended_at - zero : Duration{0};
  }

  void fill() {
    Duration cursor{0};
    const PlacedAudio* before = nullptr;
    for (const auto& run : audio_) {
      if (run.from > cursor) fill_hole(cursor, run.from, cause_between(before, &run));
      add(run);
      cursor = run.to;
      before = &run;
    }
    if (cursor < built_.timeline.to)
      fill_hole(cursor, built_.timeline.to, cause_between(before, nullptr));
  }

  void add(const PlacedAudio& run) {
    built_.timeline.spans.push_back({.from = run.from,
                                     .to = run.to,
                                     .kind = SpanKind::recorded,
                                     .source = SpanSource::acs,
                                     .recording = run.recording,
                                     .chunk = run.chunk,
                                     .first_frame = run.first_frame,
                                     .frames = run.frames});
  }

  const PlacedRecording* recording_of(const PlacedAudio& run) const {
    for (std::size_t i = 0; i < recordings_.size(); ++i)
      if (evidence_.recordings[i].recording.id == run.recording) return &recordings_[i];
    return nullptr;
  }

  GapCause cause_between(const PlacedAudio* before, const PlacedAudio* after) const {
    if (before == nullptr && after == nullptr) return cause_of_nothing();
    if (after == nullptr) return cause_of_tail(*before);
    if (after->before != GapCause::none) return after->before;
    if (before == nullptr) return GapCause::late_start;
    if (before->recording == after->recording) return GapCause::between_chunks;
    const auto* first = recording_of(*before);
    return first != nullptr && first->after != GapCause::none ? first->after
                                                              : GapCause::recording_stopped;
  }

  GapCause cause_of_tail(const PlacedAudio& last) const {
    const auto* mine = recording_of(last);
    if (mine != nullptr && mine->after != GapCause::none) return mine->after;
    if (mine == nullptr) return GapCause::tail_lost;
    // A later recording of which nothing appeared.
    for (const auto* other = mine + 1; other < recordings_.data() + recordings_.size(); ++other)
      if (other->ran) return GapCause::chunk_missing;
    return GapCause::tail_lost;
  }

  GapCause cause_of_nothing() const {
    for (const auto& recording : recordings_)
      if (recording.ran)
        return recording.after == GapCause::none ? GapCause::chunk_missing : recording.after;
    return GapCause::never_recorded;
  }

  // Paused where that was meant, lost otherwise. A sliver between a pause and the audio beside it
  // is the pause's: our command and its effect lie a moment apart.
  void fill_hole(Duration from, Duration to, GapCause cause) {
    std::vector<Span> parts;
    Duration cursor = from;
    for (const auto& [begin, end] : pauses_) {
      const Duration first = std::max(begin, cursor);
      const Duration last = std::min(end, to);
      if (last <= first) continue;
      add_gap(parts, cursor, first, cause);
      parts.push_back({.from = first, .to = last, .kind = SpanKind::paused});
      cursor = last;
    }
    add_gap(parts, cursor, to, cause);
    const bool has_pause =
        std::ranges::any_of(parts, [](const Span& part) { return part.kind == SpanKind::paused; });
    for (auto& part : parts) {
      const bool sliver = has_pause && part.kind == SpanKind::gap &&
                          part.length() < thresholds_.gap && part.from > Duration{0};
      if (sliver) {
        part.kind = SpanKind::paused;
        part.cause = GapCause::none;
      }
      auto& spans = built_.timeline.spans;
      if (part.kind == SpanKind::paused && !spans.empty() && spans.back().kind == SpanKind::paused)
        spans.back().to = part.to;
      else
        spans.push_back(std::move(part));
    }
  }

  static void add_gap(std::vector<Span>& parts, Duration from, Duration to, GapCause cause) {
    if (to > from) parts.push_back({.from = from, .to = to, .kind = SpanKind::gap, .cause = cause});
  }

  const CallEvidence& evidence_;
  const VerdictThresholds& thresholds_;
  std::vector<PlacedRecording> recordings_;
  std::vector<PlacedAudio> audio_;
  std::vector<Stretch> pauses_;
  BuiltTimeline built_;
};

}  // namespace

BuiltTimeline build_timeline(const CallEvidence& evidence, const VerdictThresholds& thresholds) {
  return Builder(evidence, thresholds).build();
}

std::vector<bool> believed_starts(const RecordingEvidence& recording, const CallEvidence& evidence,
                                  const VerdictThresholds& thresholds) {
  return detail::believed_chunks(recording, evidence, thresholds);
}

}  // namespace earshot
