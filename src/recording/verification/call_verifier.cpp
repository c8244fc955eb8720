#include "recording/verification/call_verifier.hpp"

#include "domain/judge.hpp"
#include "domain/words.hpp"
#include "recording/alignment.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>
#include <utility>

namespace earshot::recording {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

bool is_searched(const RecordingEvidence& one) {
  const auto discovery = one.recording.discovery;
  return discovery == Discovery::found || discovery == Discovery::incomplete ||
         discovery == Discovery::missing;
}

// Where the ledger was heard and chunks were read, their sound says how their clocks lie.
void align(GatheredEvidence& evidence, const VerdictThresholds& thresholds) {
  auto& mapping = evidence.call.mapping;
  for (std::size_t i = 0; i < evidence.recorded.size(); ++i) {
    auto& recording = evidence.call.recordings[i];
    if (!evidence.call.ledger || evidence.recorded[i].empty()) continue;
    AlignmentOptions options{.channels = recording.recording.channels,
                             .caller_channel = {},
                             .assistant_channel = {},
                             .drift_ppm_max = thresholds.drift_ppm};
    const auto found = align_by_levels(evidence.bridge, evidence.recorded[i], options);
    mapping.pieces.insert(mapping.pieces.end(), found.mapping.pieces.begin(),
                          found.mapping.pieces.end());
    for (const auto who : {Speaker::caller, Speaker::assistant})
      if (found.overall(who).outcome == AlignmentOutcome::does_not_match)
        recording.contents_differ.push_back(who);
  }
  std::ranges::sort(mapping.pieces, {}, [](const MappingPiece& piece) {
    return std::tuple(piece.side, piece.from, piece.to, piece.chunk);
  });
}

std::string journal_detail(const Verdict& verdict) {
  const auto& n = verdict.numbers;
  return fmt::format(R"({{"number":{},"verdict":"{}","corroborated":{},"expectedSeconds":{:.3f},)"
                     R"("presentSeconds":{:.3f},"lostSeconds":{:.3f},"repairedSeconds":{:.3f}}})",
                     verdict.number, to_text(verdict.kind), verdict.corroborated(),
                     seconds(n.expected), seconds(n.present), seconds(n.lost), seconds(n.repaired));
}

// What is wrong in one sentence, and what to do; docs/operations.md has more.
std::string message_of(const Verdict& verdict) {
  const auto& n = verdict.numbers;
  switch (verdict.kind) {
    case VerdictKind::gapped:
      return fmt::format("a recording lacks {:.3f} s of {:.3f} s; `earshot verdict` names each gap",
                         seconds(n.lost), seconds(n.expected));
    case VerdictKind::truncated:
      return fmt::format(
          "a recording ends {:.3f} s before its call did; `earshot verdict` shows "
          "what is known of the rest",
          seconds(n.tail_loss));
    case VerdictKind::silent:
      return "somebody who spoke is not to be heard in a recording; `earshot verdict` says who";
    case VerdictKind::missing:
      return "a call was recorded and no audio of it has appeared; ask Microsoft support with the "
             "recordingId and correlationId of the call";
    case VerdictKind::failed:
      return "a call was answered and never recorded; its journal says what ACS answered to the "
             "start of the recording";
    case VerdictKind::complete:
    case VerdictKind::pending:
      break;
  }
  return "";
}

}  // namespace

NewJob make_verify_job(const ContextId& call, WallTime due) {
  // No unique key: one that runs already may have read what was there before.
  return {.kind = verify_call_job,
          .subject = call.text,
          .payload = "{}",
          .due = due,
          .deadline = {},
          .unique_key = ""};
}

CallVerifier::CallVerifier(VerifierServices services, VerifierOptions options)
    : store_(services.store),
      alerts_(services.alerts),
      clock_(services.clock),
      counters_(services.counters),
      log_(services.log),
      offload_(services.offload),
      options_(options),
      witness_(services.spool, services.blobs),
      gatherer_(services.store, services.chunks, witness_, services.clock, options_.thresholds),
      unchanged_(services.counters.counter("earshot_verdicts_unchanged_total",
                                           "verifications that found what was known already")) {}

Task<JobOutcome> CallVerifier::run(Job job) {
  auto outcome = co_await attempt(job);
  if (outcome) co_return std::move(*outcome);
  if (outcome.error().kind == ErrorKind::not_found)
    co_return JobGivenUp{.error = outcome.error().message};
  log_.warn("a call's recording could not be verified",
            {{"call", job.subject}, {"error", outcome.error().message}});
  auto wait = options_.retry_first;
  for (int i = 0; i < job.attempts && wait < options_.retry_max; ++i) wait += wait / 2;
  wait =
      std::max(std::min(wait, options_.retry_max), Duration(outcome.error().retry_after_ms * 1000));
  co_return wait_until(clock_.wall_now() + wait, outcome.error().message);
}

Task<Result<JobOutcome>> CallVerifier::attempt(Job job) {
  auto loaded = co_await gatherer_.load({job.subject});
  if (!loaded) co_return Failure(loaded.error());
  const auto evidence = *loaded;
  auto& known = evidence->call;
  // One that was never answered gets none; one that lasts has its job queued when it ends.
  if (known.call.phase != CallPhase::ended || !call_time_zero(known.call))
    co_return JobOutcome{JobDone{}};
  const auto now = clock_.wall_now();
  known.final = is_final(known, now);
  if (!known.final) co_return wait_until(deadline_of(known), "chunks are still looked for");
  if (auto done = co_await gatherer_.examine(evidence); !done) co_return Failure(done.error());
  if (auto heard = co_await gatherer_.hear_bridge(evidence); !heard) {
    // A ledger that cannot be read must not keep a call pending for ever.
    if (now < deadline_of(known)) co_return Failure(heard.error());
    log_.warn("a call is judged without the bridge's ledger, which cannot be read",
              {{"call", job.subject}, {"error", heard.error().message}});
  }
  const bool ledger_may_come =
      !known.ledger && known.media_opened && now < *known.call.ended_at + options_.ledger_wait;
  if (ledger_may_come)
    co_return wait_until(now + std::min<Duration>(options_.ledger_wait, 10s),
                         "the bridge's ledger is not there yet");

  auto verdict = co_await decide(evidence);
  auto before = co_await store_.verdict_of(known.call.id, std::nullopt);
  if (!before) co_return fail("load the last verdict", before.error());
  if (*before && says_the_same(**before, verdict)) {
    unchanged_.add();
    co_return JobOutcome{JobDone{}};
  }
  if (auto done = co_await store(std::move(verdict), std::move(*before)); !done)
    co_return Failure(done.error());
  co_return JobOutcome{JobDone{}};
}

// Pure, and long for a long call: on a thread of its own.
Task<Verdict> CallVerifier::decide(EvidencePtr evidence) {
  auto verdict = std::make_shared<Verdict>();
  auto work = [evidence, verdict, thresholds = options_.thresholds] {
    align(*evidence, thresholds);
    auto built = build_timeline(evidence->call, thresholds);
    if (evidence->call.mapping.pieces.empty())
      evidence->call.mapping = mapping_by_metadata(built.timeline, thresholds);
    *verdict = judge(evidence->call, std::move(built), thresholds);
  };
  co_await offload_.run(std::move(work));
  co_return std::move(*verdict);
}

bool CallVerifier::is_final(const CallEvidence& evidence, WallTime now) const {
  return now >= deadline_of(evidence) || std::ranges::all_of(evidence.recordings, is_searched);
}

WallTime CallVerifier::deadline_of(const CallEvidence& evidence) const {
  return evidence.call.ended_at.value_or(evidence.call.received_at) + options_.verdict_after;
}

JobOutcome CallVerifier::wait_until(WallTime at, std::string why) const {
  return JobRetry{.at = at, .error = std::move(why), .payload = ""};
}

Task<Result<void>> CallVerifier::store(Verdict verdict, std::optional<Verdict> before) {
  verdict.number = before ? before->number + 1 : 1;
  verdict.at = clock_.wall_now();
  Changes changes;
  changes.verdicts.push_back(verdict);
  changes.journal.push_back({.call = verdict.call,
                             .at = verdict.at,
                             .type = "verdict",
                             .detail = journal_detail(verdict)});
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed && committed.error().kind == ErrorKind::conflict) {
    // Somebody else gave this number meanwhile: look again.
    auto error = committed.error();
    error.kind = ErrorKind::unavailable;
    co_return Failure(error);
  }
  if (committed) tell(verdict, before);
  co_return committed;
}

void CallVerifier::tell(const Verdict& verdict, const std::optional<Verdict>& before) {
  const std::string kind(to_text(verdict.kind));
  counters_
      .counter("earshot_verdicts_total", "verdicts given on calls' recordings", {{"verdict", kind}})
      .add();
  log_.info("verdict given", {{"call", verdict.call.text},
                              {"number", verdict.number},
                              {"verdict", kind},
                              {"corroborated", verdict.corroborated()},
                              {"expected_s", seconds(verdict.numbers.expected)},
                              {"present_s", seconds(verdict.numbers.present)},
                              {"lost_s", seconds(verdict.numbers.lost)}});
  const bool news = !before || before->kind != verdict.kind;
  if (news && verdict.kind != VerdictKind::complete)
    raise(verdict, ("verdict_" + kind).c_str(), message_of(verdict));
  const bool counted_before = before && before->has(FindingKind::chunk_count_unusual);
  if (verdict.has(FindingKind::chunk_count_unusual) && !counted_before)
    raise(verdict, "chunk_count_unusual",
          "a recording has more chunks than one for each started four hours: ACS may have "
          "restarted its recorder");
}

void CallVerifier::raise(const Verdict& verdict, const char* kind, std::string message) {
  Alert alert{.kind = kind, .call = verdict.call, .recording = {}, .message = std::move(message)};
  for (const auto& span : verdict.timeline.spans)
    if (!span.recording.empty()) alert.recording = span.recording;
  alerts_.raise(alert);
}

Task<Result<void>> CallVerifier::ask(ContextId id) {
  auto call = co_await store_.load_call(id);
  if (!call) co_return Failure(call.error());
  if (call->phase == CallPhase::not_answered)
    co_return fail(ErrorKind::conflict, "the call was not answered, so there is nothing to judge");
  if (call->phase != CallPhase::ended)
    co_return fail(ErrorKind::conflict, "the call is not over; its verdict follows its end");
  auto recordings = co_await store_.recordings_of(id);
  if (!recordings) co_return Failure(recordings.error());
  const auto now = clock_.wall_now();
  Changes changes;
  for (const auto& recording : *recordings)
    changes.jobs.push_back({.kind = "discover_recording",
                            .subject = recording.id.text,
                            .payload = "{}",
                            .due = now,
                            .deadline = now,
                            .unique_key = "discover_recording/" + recording.id.text});
  changes.jobs.push_back(make_verify_job(id, now));
  co_return co_await store_.commit(std::move(changes));
}

}  // namespace earshot::recording
