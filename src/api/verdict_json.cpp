#include "api/detail/verdict_summary.hpp"
#include "api/verdict_view.hpp"
#include "domain/evidence.hpp"
#include "domain/words.hpp"

#include <boost/json.hpp>

namespace earshot::api {
namespace json = boost::json;
namespace {

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

json::object show(const VerdictNumbers& n) {
  return {{"callSeconds", seconds(n.call)},
          {"pausedSeconds", seconds(n.paused)},
          {"expectedSeconds", seconds(n.expected)},
          {"presentSeconds", seconds(n.present)},
          {"repairedSeconds", seconds(n.repaired)},
          {"lostSeconds", seconds(n.lost)},
          {"startDelaySeconds", seconds(n.start_delay)},
          {"tailLossSeconds", seconds(n.tail_loss)},
          {"unseenSeconds", seconds(n.unseen)},
          {"ledgerSeconds", seconds(n.ledger)},
          {"callerAloneSeconds", seconds(n.caller_alone)},
          {"callerHeardSeconds", seconds(n.caller_heard)},
          {"assistantAloneSeconds", seconds(n.assistant_alone)},
          {"assistantHeardSeconds", seconds(n.assistant_heard)},
          {"recordings", n.recordings},
          {"chunks", n.chunks}};
}

json::object show(const JudgedGap& gap) {
  return {{"fromSeconds", seconds(gap.from)},
          {"toSeconds", seconds(gap.to)},
          {"lengthSeconds", seconds(gap.to - gap.from)},
          {"cause", to_text(gap.cause)},
          {"counts", gap.counts},
          {"repaired", gap.repaired},
          {"callerSpokeSeconds", seconds(gap.caller_spoke)},
          {"assistantSpokeSeconds", seconds(gap.assistant_spoke)},
          {"ledgerHeard", gap.ledger_heard}};
}

json::object show(const Finding& finding) {
  json::object shown{{"kind", to_text(finding.kind)}, {"detail", finding.detail}};
  if (!finding.recording.empty()) shown["recordingId"] = finding.recording.text;
  if (finding.chunk) shown["chunkIndex"] = finding.chunk->value;
  if (finding.party) shown["party"] = to_text(*finding.party);
  if (finding.from != finding.to) {
    shown["fromSeconds"] = seconds(finding.from);
    shown["toSeconds"] = seconds(finding.to);
  }
  return shown;
}

json::object show(const MappingPiece& piece) {
  return {{"side", to_text(piece.side)},
          {"recordingId", piece.recording.text},
          {"chunkIndex", piece.chunk.value},
          {"fromSeconds", seconds(piece.from)},
          {"toSeconds", seconds(piece.to)},
          {"shiftMs", static_cast<double>(piece.shift.count()) / 1e3},
          {"uncertaintyMs", static_cast<double>(piece.uncertainty.count()) / 1e3},
          {"basis", to_text(piece.basis)}};
}

json::object show(const VerdictThresholds& t) {
  return {{"gapSeconds", seconds(t.gap)},
          {"headSeconds", seconds(t.head)},
          {"tailSeconds", seconds(t.tail)},
          {"speechDbfs", t.speech_dbfs},
          {"speechSeconds", seconds(t.speech)},
          {"heardDbfs", t.heard_dbfs},
          {"partyAloneSeconds", seconds(t.party_alone)},
          {"heardShare", t.heard_share},
          {"downlinkSeconds", seconds(t.downlink)},
          {"tooLongSeconds", seconds(t.too_long)},
          {"driftPpm", t.drift_ppm},
          {"metadataSlackSeconds", seconds(t.metadata_slack)},
          {"ledgerShare", t.ledger_share}};
}

json::object show(const Span& span) {
  json::object shown{{"fromSeconds", seconds(span.from)},
                     {"toSeconds", seconds(span.to)},
                     {"kind", to_text(span.kind)}};
  if (span.source != SpanSource::none) shown["source"] = to_text(span.source);
  if (span.cause != GapCause::none) shown["cause"] = to_text(span.cause);
  if (span.recording.empty()) return shown;
  shown["recordingId"] = span.recording.text;
  shown["chunkIndex"] = span.chunk.value;
  shown["firstFrame"] = span.first_frame;
  shown["frames"] = span.frames;
  return shown;
}

template <class Item>
json::array show_all(const std::vector<Item>& items) {
  json::array shown;
  for (const auto& item : items) shown.push_back(show(item));
  return shown;
}

json::array show_given(const VerdictView& view) {
  json::array shown;
  for (const auto& one : view.given)
    shown.push_back(
        {{"number", one.number}, {"at", to_iso8601(one.at)}, {"kind", to_text(one.kind)}});
  return shown;
}

json::object head_of(const VerdictView& view) {
  json::object shown = view.verdict ? show_summary(*view.verdict)
                                    : json::object{{"kind", to_text(VerdictKind::pending)}};
  shown["contextId"] = view.call.id.text;
  const auto zero = call_time_zero(view.call);
  shown["callTimeZero"] = zero ? json::value(to_iso8601(*zero)) : json::value(nullptr);
  return shown;
}

}  // namespace

json::object show_summary(const Verdict& verdict) {
  json::array witnesses;
  if (verdict.by_acs) witnesses.push_back("acs");
  if (verdict.by_bridge) witnesses.push_back("bridge");
  return {{"kind", to_text(verdict.kind)},
          {"number", verdict.number},
          {"at", to_iso8601(verdict.at)},
          {"witnesses", std::move(witnesses)},
          {"corroborated", verdict.corroborated()},
          {"lostSeconds", seconds(verdict.numbers.lost)},
          {"repairedSeconds", seconds(verdict.numbers.repaired)}};
}

json::object show_notice(const Call& call) {
  json::object shown{{"consent", to_text(call.consent)}, {"played", call.notice.has_value()}};
  if (!call.notice) return shown;
  shown["fromSeconds"] = seconds(call.notice->from);
  shown["toSeconds"] = seconds(call.notice->to);
  shown["playedSamples"] = call.notice->samples;
  shown["sampleRateHz"] = call.notice->rate_hz;
  shown["textSha256"] = call.notice->text_sha256;
  return shown;
}

bool is_judged(const Call& call) {
  return call.phase != CallPhase::not_answered && call_time_zero(call).has_value();
}

std::string verdict_json(const VerdictView& view) {
  json::object shown = head_of(view);
  shown["recordingNotice"] = show_notice(view.call);
  if (view.verdict) {
    shown["numbers"] = show(view.verdict->numbers);
    shown["gaps"] = show_all(view.verdict->gaps);
    shown["findings"] = show_all(view.verdict->findings);
    shown["clockMapping"] = show_all(view.verdict->mapping.pieces);
    shown["thresholds"] = show(view.verdict->thresholds);
  }
  shown["given"] = show_given(view);
  return json::serialize(shown);
}

std::string timeline_json(const VerdictView& view) {
  json::object shown = head_of(view);
  const Timeline empty;
  const auto& timeline = view.verdict ? view.verdict->timeline : empty;
  shown["fromSeconds"] = seconds(timeline.from);
  shown["toSeconds"] = seconds(timeline.to);
  shown["spans"] = show_all(timeline.spans);
  return json::serialize(shown);
}

}  // namespace earshot::api
