#include "domain/judge.hpp"

#include "domain/detail/heard_parties.hpp"
#include "domain/imported_call.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace earshot {
namespace {

// A chunk ends after so long at the latest, as ACS documents it.
constexpr Duration chunk_length_max = std::chrono::hours(4);

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

bool is_lost(const Span& span) {
  return span.kind == SpanKind::gap || span.kind == SpanKind::repaired;
}

class Judge {
 public:
  Judge(const CallEvidence& evidence, BuiltTimeline built, const VerdictThresholds& thresholds)
      : evidence_(evidence), thresholds_(thresholds) {
    verdict_.call = evidence.call.id;
    verdict_.thresholds = thresholds;
    verdict_.timeline = std::move(built.timeline);
    verdict_.findings = std::move(built.findings);
    verdict_.mapping = evidence.mapping;
  }

  Verdict judge() {
    if (!evidence_.final) return std::move(verdict_);
    count();
    judge_gaps();
    hear();
    judge_witnesses();
    note_recordings();
    note_notice();
    verdict_.kind = kind();
    note_corroboration();
    return std::move(verdict_);
  }

 private:
  bool is_imported() const { return earshot::is_imported(evidence_.call); }
  const std::vector<Span>& spans() const { return verdict_.timeline.spans; }
  VerdictNumbers& numbers() { return verdict_.numbers; }

  void note(FindingKind kind, std::string detail, Duration from = {}, Duration to = {},
            std::optional<Speaker> party = {}) {
    verdict_.findings.push_back({.kind = kind,
                                 .recording = {},
                                 .chunk = {},
                                 .party = party,
                                 .from = from,
                                 .to = to,
                                 .detail = std::move(detail)});
  }

  void count() {
    auto& n = numbers();
    n.call = verdict_.timeline.to - verdict_.timeline.from;
    for (const auto& span : spans()) {
      if (span.kind == SpanKind::paused) n.paused += span.length();
      if (span.kind == SpanKind::recorded) n.present += span.length();
      if (span.kind == SpanKind::repaired) n.repaired += span.length();
    }
    n.expected = n.call - n.paused;
    for (const auto& recording : evidence_.recordings) {
      n.recordings += recording.recording.active_at || !recording.chunks.empty() ? 1 : 0;
      for (const auto& chunk : recording.chunks) n.chunks += chunk.chunk.data_bytes > 0 ? 1 : 0;
    }
    if (evidence_.ledger)
      n.ledger = evidence_.ledger->covered(verdict_.timeline.from, verdict_.timeline.to);
  }

  void judge_gaps() {
    const auto first = std::ranges::find(spans(), SpanKind::recorded, &Span::kind);
    auto last = first;
    for (auto span = first; span != spans().end(); ++span)
      if (span->kind == SpanKind::recorded) last = span;
    const bool nothing = first == spans().end();
    for (auto span = spans().begin(); span != spans().end(); ++span) {
      if (!is_lost(*span)) continue;
      const bool head = !nothing && span < first;
      const bool tail = !nothing && span > last;
      if (head) numbers().start_delay += span->length();
      if (tail) numbers().tail_loss += span->length();
      judge_gap(*span, head, tail);
    }
    auto& n = numbers();
    if (has_counted(true, false))
      note(FindingKind::start_delay,
           fmt::format("{:.3f} s passed from CallConnected to the first recorded sample",
                       seconds(n.start_delay)));
    if (has_counted(false, true))
      note(FindingKind::tail_loss,
           fmt::format("{:.3f} s are missing from the last recorded sample to the call's end",
                       seconds(n.tail_loss)));
  }

  bool has_counted(bool head, bool tail) const {
    return std::ranges::any_of(places_, [&](const Place& place) {
      return place.counts && ((head && place.head) || (tail && place.tail));
    });
  }

  void judge_gap(const Span& span, bool head, bool tail) {
    JudgedGap gap{.from = span.from,
                  .to = span.to,
                  .cause = span.cause,
                  .repaired = span.kind == SpanKind::repaired};
    if (evidence_.ledger) {
      const auto& ledger = *evidence_.ledger;
      gap.ledger_heard = ledger.covered(span.from, span.to) > Duration{0};
      gap.caller_spoke = detail::spoke(ledger.caller, span.from, span.to, thresholds_);
      // What we sent reaches ACS's mix only later: the last of it may never have been played.
      gap.assistant_spoke = detail::spoke(ledger.assistant, span.from - thresholds_.downlink,
                                          span.to - thresholds_.downlink, thresholds_);
    }
    gap.counts = counts(gap, head, tail);
    const Duration seen =
        evidence_.ledger ? evidence_.ledger->covered(span.from, span.to) : Duration{0};
    if (!gap.repaired) numbers().unseen += span.length() - seen;
    if (gap.counts) numbers().lost += span.length();
    places_.push_back({head, tail, gap.counts});
    verdict_.gaps.push_back(std::move(gap));
  }

  bool counts(const JudgedGap& gap, bool head, bool tail) {
    const Duration length = gap.to - gap.from;
    if (length < thresholds_.gap) return false;
    const bool somebody_spoke =
        gap.caller_spoke >= thresholds_.speech || gap.assistant_spoke >= thresholds_.speech;
    if (head && gap.cause == GapCause::late_start)
      return length > thresholds_.head || somebody_spoke;
    if (tail && gap.cause == GapCause::tail_lost) {
      if (somebody_spoke) return true;
      return length > thresholds_.tail && !may_have_ended_before(gap.from);
    }
    return true;
  }

  // An end that was found by asking is later than the true one. Where the bridge heard nothing more
  // either, and ACS called the chunk its last, nothing speaks for a loss.
  bool may_have_ended_before(Duration time) {
    if (evidence_.call.end_code != 0) return false;
    const bool told = std::ranges::any_of(evidence_.recordings, [](const RecordingEvidence& one) {
      return one.last_told.has_value();
    });
    const bool bridge_went_on =
        evidence_.ledger &&
        evidence_.ledger->covered(time, verdict_.timeline.to) > thresholds_.tail;
    if (bridge_went_on || (!evidence_.ledger && !told)) return false;
    note(FindingKind::end_uncertain,
         "no CallDisconnected arrived: the call's end was found by asking, and may have been as "
         "early as the last recorded sample",
         time, verdict_.timeline.to);
    return true;
  }

  // Who spoke in the ledger and cannot be heard in the recording?
  void hear() {
    if (!evidence_.ledger) return;
    const auto caller =
        detail::hear_party(Speaker::caller, evidence_, verdict_.timeline, thresholds_);
    const auto assistant =
        detail::hear_party(Speaker::assistant, evidence_, verdict_.timeline, thresholds_);
    auto& n = numbers();
    n.caller_alone = caller.alone;
    n.caller_heard = caller.heard;
    n.assistant_alone = assistant.alone;
    n.assistant_heard = assistant.heard;
    caller_silent_ = is_silent(caller);
    assistant_silent_ = is_silent(assistant);
    if (caller_silent_) note_silent(Speaker::caller, caller);
    if (assistant_silent_) note_silent(Speaker::assistant, assistant);
    note_absent_channel(assistant);
  }

  bool is_silent(const detail::PartyHeard& party) const {
    return party.alone >= thresholds_.party_alone &&
           static_cast<double>(party.heard.count()) <
               thresholds_.heard_share * static_cast<double>(party.alone.count());
  }

  void note_silent(Speaker who, const detail::PartyHeard& party) {
    note(FindingKind::party_silent,
         fmt::format("the {} spoke alone for {:.2f} s by the ledger; the recording holds sound in "
                     "{:.2f} s of it",
                     who == Speaker::caller ? "caller" : "assistant", seconds(party.alone),
                     seconds(party.heard)),
         {}, {}, who);
  }

  void note_absent_channel(const detail::PartyHeard& assistant) {
    if (assistant.alone < thresholds_.party_alone) return;
    for (const auto& recording : evidence_.recordings) {
      if (recording.recording.channels != RecordingChannels::unmixed) continue;
      const bool one_channel = !recording.chunks.empty() &&
                               std::ranges::all_of(recording.chunks, [](const ChunkEvidence& one) {
                                 return one.chunk.format.channels == 1;
                               });
      if (!one_channel && !assistant_silent_) continue;
      note(FindingKind::assistant_channel_absent,
           one_channel ? "the recording was asked for unmixed and has one channel"
                       : "no channel of the unmixed recording holds the assistant's voice",
           {}, {}, Speaker::assistant);
      verdict_.findings.back().recording = recording.recording.id;
    }
  }

  void judge_witnesses() {
    verdict_.by_acs = numbers().present > Duration{0};
    judge_ledger();
    note_own_voice();
    const bool examined = note_unexamined();
    const bool spoken = numbers().caller_alone >= thresholds_.party_alone ||
                        numbers().assistant_alone >= thresholds_.party_alone;
    verdict_.by_bridge = ledger_is_whole_ && (examined || numbers().present == Duration{0}) &&
                         !note_different_contents();
    const bool aligned = std::ranges::any_of(
        evidence_.mapping.pieces,
        [](const MappingPiece& piece) { return piece.basis != MappingBasis::metadata; });
    if (verdict_.by_acs && evidence_.ledger && examined && !aligned)
      note(FindingKind::unaligned,
           spoken ? "the recording could not be placed by its sound; ACS's times are used"
                  : "too little was said to place the recording by its sound; ACS's times are "
                    "used");
  }

  void judge_ledger() {
    const auto& n = numbers();
    const double share = n.call > Duration{0} ? static_cast<double>(n.ledger.count()) /
                                                    static_cast<double>(n.call.count())
                                              : 0;
    ledger_is_whole_ = evidence_.ledger && share >= thresholds_.ledger_share;
    if (!ledger_is_whole_)
      note(FindingKind::ledger_lost,
           is_imported()
               ? std::string("the recording was imported: the call was none of this service's, and "
                             "no bridge heard it")
           : !evidence_.media_opened ? std::string("no media socket was opened: the bridge heard "
                                                   "nothing of the call")
           : !evidence_.ledger       ? std::string("the bridge's ledger of the call is not there")
                               : fmt::format("the bridge's ledger covers {:.2f} s of {:.2f} s",
                                             seconds(n.ledger), seconds(n.call)));
    if (evidence_.ledger && evidence_.ledger->has_tap && !evidence_.tap_present)
      note(FindingKind::tap_lost,
           "the ledger tells of a tap, and it is not there: nothing can be "
           "mended from it");
  }

  void note_own_voice() {
    if (!evidence_.own_voice) return;
    const auto& own = *evidence_.own_voice;
    note(FindingKind::own_voice_returns,
         fmt::format("what comes in of the caller holds what was played to the caller, {:.0f} ms "
                     "later and {:.0f} dB quieter; {:.2f} s of it are not counted as the caller's "
                     "speech",
                     seconds(own.delay) * 1000, std::max(0.0, -own.gain_db), seconds(own.removed)),
         {}, {}, Speaker::caller);
  }

  // True: what the recording holds is not what the bridge heard.
  bool note_different_contents() {
    bool differs = false;
    for (const auto& recording : evidence_.recordings)
      for (const auto who : recording.contents_differ) {
        differs = true;
        note(FindingKind::contents_differ,
             fmt::format("the {} said enough to be compared, and the recording holds other sound",
                         who == Speaker::caller ? "caller" : "assistant"),
             {}, {}, who);
        verdict_.findings.back().recording = recording.recording.id;
      }
    return differs;
  }

  // True: all samples were looked at.
  bool note_unexamined() {
    bool all = true;
    for (const auto& recording : evidence_.recordings)
      for (const auto& one : recording.chunks)
        if (one.chunk.data_bytes > 0 && one.levels.empty()) {
          all = false;
          verdict_.findings.push_back(
              {.kind = FindingKind::not_examined,
               .recording = recording.recording.id,
               .chunk = one.chunk.index,
               .party = {},
               .detail = is_imported() ? "it was imported by its metadata and header: "
                                         "what is to be heard in it is not known"
                                       : "its samples could not be read, so nothing is "
                                         "known of what is to be heard in it"});
        }
    return all;
  }

  void note_recordings() {
    if (numbers().recordings > 1)
      note(FindingKind::several_recordings,
           fmt::format("the call has {} recordings", numbers().recordings));
    for (const auto& one : evidence_.recordings) {
      const auto& recording = one.recording;
      const auto start = recording.active_at.value_or(recording.requested_at);
      const Duration length = recording.ended_at.value_or(start) - start;
      const auto usual =
          std::max<std::int64_t>(1, (length + chunk_length_max - 1us) / chunk_length_max);
      if (std::ssize(one.chunks) <= usual) continue;
      note(FindingKind::chunk_count_unusual,
           fmt::format("{} chunks in {:.0f} s; one for each started four hours is usual",
                       one.chunks.size(), seconds(length)));
      verdict_.findings.back().recording = recording.id;
    }
  }

  void note_notice() {
    if (evidence_.call.awaits_notice())
      note(FindingKind::notice_not_played,
           "the recording notice had to come first and was not played to its end: nothing was to "
           "be recorded");
  }

  VerdictKind kind() const {
    const auto& n = verdict_.numbers;
    if (n.expected < thresholds_.gap) return VerdictKind::complete;
    if (n.present == Duration{0}) {
      const bool never = std::ranges::all_of(verdict_.gaps, [](const JudgedGap& gap) {
        return gap.cause == GapCause::never_recorded;
      });
      return never ? VerdictKind::failed : VerdictKind::missing;
    }
    if (caller_silent_ || assistant_silent_) return VerdictKind::silent;
    const bool earlier = std::ranges::any_of(
        places_, [](const Place& place) { return place.counts && !place.tail; });
    const bool tail =
        std::ranges::any_of(places_, [](const Place& place) { return place.counts && place.tail; });
    if (earlier) return VerdictKind::gapped;
    if (tail) return VerdictKind::truncated;
    // Of an imported call nobody knows when it began: what its first chunks held has no length.
    return is_imported() && verdict_.has(FindingKind::missing_index) ? VerdictKind::gapped
                                                                     : VerdictKind::complete;
  }

  void note_corroboration() {
    if (verdict_.kind != VerdictKind::complete || verdict_.corroborated()) return;
    note(FindingKind::uncorroborated,
         verdict_.by_acs ? "it rests on ACS's word alone: the bridge does not confirm it"
                         : "nothing was to be recorded, and neither witness has more to say");
  }

  struct Place {
    bool head = false;
    bool tail = false;
    bool counts = false;
  };

  const CallEvidence& evidence_;
  const VerdictThresholds& thresholds_;
  Verdict verdict_;
  std::vector<Place> places_;  // of verdict_.gaps
  bool caller_silent_ = false;
  bool assistant_silent_ = false;
  bool ledger_is_whole_ = false;
};

}  // namespace

Verdict judge(const CallEvidence& evidence, BuiltTimeline built,
              const VerdictThresholds& thresholds) {
  return Judge(evidence, std::move(built), thresholds).judge();
}

ClockMapping mapping_by_metadata(const Timeline& timeline, const VerdictThresholds& thresholds) {
  ClockMapping mapping;
  for (const auto side : {Speaker::caller, Speaker::assistant})
    for (const auto& span : timeline.spans) {
      if (span.kind != SpanKind::recorded) continue;
      const Duration shift = side == Speaker::assistant ? thresholds.downlink : Duration{0};
      mapping.pieces.push_back({.side = side,
                                .recording = span.recording,
                                .chunk = span.chunk,
                                .from = span.from,
                                .to = span.to,
                                .shift = shift,
                                .uncertainty = Duration{300ms},
                                .basis = MappingBasis::metadata});
    }
  return mapping;
}

bool says_the_same(Verdict a, Verdict b) {
  a.number = b.number = 0;
  a.at = b.at = {};
  return a == b;
}

}  // namespace earshot
