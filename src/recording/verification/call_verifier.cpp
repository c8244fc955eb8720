#include "recording/verification/call_verifier.hpp"

#include "domain/imported_call.hpp"
#include "domain/journal_text.hpp"
#include "domain/judge.hpp"
#include "domain/words.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

// Between a chunk's start by its metadata and by the timeline: more is not its own metadata.
constexpr Duration start_doubt = 2s;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

bool is_searched(const RecordingEvidence& one) {
  const auto discovery = one.recording.discovery;
  return discovery == Discovery::found || discovery == Discovery::incomplete ||
         discovery == Discovery::missing;
}

bool has_chunk_rows(const CallEvidence& evidence) {
  return std::ranges::any_of(evidence.recordings,
                             [](const RecordingEvidence& one) { return !one.chunks.empty(); });
}

// Chunks with the start that the timeline gave them, where their metadata gives none or is not
// believed.
std::vector<Chunk> placed_chunks(const CallEvidence& evidence, const Timeline& timeline) {
  std::vector<Chunk> chunks;
  const auto zero = call_time_zero(evidence.call);
  for (const auto& recording : evidence.recordings)
    for (const auto& one : recording.chunks) {
      const auto span = std::ranges::find_if(timeline.spans, [&](const Span& candidate) {
        return candidate.kind == SpanKind::recorded && candidate.recording == one.chunk.recording &&
               candidate.chunk == one.chunk.index;
      });
      Chunk chunk = one.chunk;
      if (span != timeline.spans.end() && zero) {
        const auto nominal =
            *zero + span->from - length_of_frames(span->first_frame, chunk.format.sample_rate_hz);
        if (!chunk.start || std::chrono::abs(*chunk.start - nominal) > start_doubt)
          chunk.start = nominal;
      }
      chunks.push_back(std::move(chunk));
    }
  return chunks;
}

AudioSubject subject_of(const CallEvidence& evidence, const Verdict& verdict) {
  AudioSubject subject{.call = evidence.call};
  subject.timeline = verdict.timeline;
  subject.verdict = verdict.number;
  for (const auto& one : evidence.recordings) {
    subject.recordings.push_back(one.recording);
    for (const auto& chunk : one.chunks) subject.chunks.push_back(chunk.chunk);
  }
  return subject;
}

std::vector<std::string> witnesses_of(const Verdict& verdict) {
  std::vector<std::string> witnesses;
  if (verdict.by_acs) witnesses.emplace_back("acs");
  if (verdict.by_bridge) witnesses.emplace_back("bridge");
  return witnesses;
}

ManifestVerdict manifest_verdict(const Verdict& verdict) {
  const auto& n = verdict.numbers;
  return {.number = verdict.number,
          .kind = std::string(to_text(verdict.kind)),
          .at = verdict.at,
          .witnesses = witnesses_of(verdict),
          .numbers = {{"call", n.call.count()},
                      {"paused", n.paused.count()},
                      {"expected", n.expected.count()},
                      {"present", n.present.count()},
                      {"lost", n.lost.count()},
                      {"repaired", n.repaired.count()},
                      {"startDelay", n.start_delay.count()},
                      {"tailLoss", n.tail_loss.count()},
                      {"unseen", n.unseen.count()}}};
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
      blobs_(services.blobs),
      alerts_(services.alerts),
      clock_(services.clock),
      counters_(services.counters),
      log_(services.log),
      offload_(services.offload),
      options_(std::move(options)),
      witness_(services.spool, services.blobs),
      gatherer_(services.store, services.chunks, witness_, services.clock, options_.thresholds,
                services.conversion),
      own_voice_(services.blobs, services.spool, services.offload, options_.thresholds),
      aligner_({services.blobs, services.spool, services.chunks, services.offload,
                services.counters, services.conversion},
               options_.thresholds),
      cuts_({services.store, services.blobs, services.spool, services.chunks, services.offload,
             services.counters, services.downlink, services.conversion}),
      second_copies_(services.files, services.chunks, services.clock),
      mender_({services.store, services.blobs, services.spool, services.chunks, services.offload,
               services.log, services.conversion}),
      transcripts_(services.store, services.blobs),
      unchanged_(services.counters.counter("earshot_verdicts_unchanged_total",
                                           "verifications that found what was known already")) {
  if (!options_.manifest_key.private_key.empty())
    manifests_.emplace(AudioOpener::Services{.store = services.store,
                                             .chunks = services.chunks,
                                             .blobs = services.blobs,
                                             .spool = services.spool,
                                             .second_copies = &second_copies_},
                       services.clock, options_.manifest_key, options_.software);
}

Task<JobOutcome> CallVerifier::run(Job job) {
  auto outcome = co_await attempt(job);
  if (outcome) co_return std::move(*outcome);
  // What it had put into storage by then goes with the next look of the erasure.
  if (is_call_erased(outcome.error())) co_return JobDone{};
  if (is_call_erasing(outcome.error()))
    co_return wait_until(clock_.wall_now() + call_erasing_retry, outcome.error().message);
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
  if (known.call.erased_at) co_return Failure(erased_error_of(known.call));
  // One that was never answered gets none; one that lasts has its job queued when it ends.
  if (known.call.phase != CallPhase::ended || !call_time_zero(known.call))
    co_return JobOutcome{JobDone{}};
  if (is_imported(known.call)) co_return co_await describe_imported(evidence);
  auto before = co_await store_.verdict_of(known.call.id, std::nullopt);
  if (!before) co_return fail("load the last verdict", before.error());
  // Rows of chunks go with the audio, by rule or by request alone: of what was deleted on purpose
  // nothing new is said, and above all not that it is missing.
  if (*before && (*before)->numbers.chunks > 0 && !has_chunk_rows(known)) {
    log_.info("a call whose audio was deleted keeps its verdict", {{"call", job.subject}});
    co_return JobOutcome{JobDone{}};
  }
  const auto now = clock_.wall_now();
  known.final = is_final(known, now);
  if (!known.final) co_return wait_until(deadline_of(known), "chunks are still looked for");
  if (auto done = co_await gatherer_.examine(evidence); !done) co_return Failure(done.error());
  if (evidence->search_is_behind)
    if (auto waits = wait_for_search(job, now)) co_return std::move(*waits);
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

  if (auto done = co_await compare_sound(evidence); !done) co_return Failure(done.error());
  const auto draft = co_await lay_out_time(evidence);
  const int number = *before ? (*before)->number + 1 : 1;
  auto rendered = co_await mend(evidence, draft, number);
  if (!rendered) co_return Failure(rendered.error());
  co_await decide(evidence, draft);
  draft->verdict.number = number;
  if (*before && says_the_same(**before, draft->verdict)) {
    unchanged_.add();
    if (!rendered->empty())
      if (auto removed = co_await blobs_.remove(*rendered); !removed)
        co_return fail("remove a repair that nobody needs", removed.error());
    co_return JobOutcome{JobDone{}};
  }
  draft->verdict.at = now;
  if (auto done = co_await correct_turns(evidence); !done) co_return Failure(done.error());
  if (auto done = co_await write_transcript(evidence, draft->verdict); !done)
    co_return Failure(done.error());
  if (auto done = co_await write_manifest(evidence, draft->verdict); !done)
    co_return Failure(done.error());
  if (auto done = co_await store(draft->verdict, std::move(*before)); !done)
    co_return Failure(done.error());
  co_return JobOutcome{JobDone{}};
}

Task<Result<void>> CallVerifier::compare_sound(EvidencePtr evidence) {
  const bool may_wait = clock_.wall_now() < deadline_of(evidence->call);
  const std::string call = evidence->call.call.id.text;
  if (auto found = co_await own_voice_.find(evidence); !found) {
    if (may_wait) co_return Failure(found.error());
    log_.warn("a call's own voice was not looked for in what came in of the caller",
              {{"call", call}, {"error", found.error().message}});
  }
  if (auto aligned = co_await aligner_.align(evidence); !aligned) {
    if (may_wait) co_return Failure(aligned.error());
    log_.warn("a call's clocks are compared by loudness alone",
              {{"call", call}, {"error", aligned.error().message}});
  }
  co_return ok();
}

// Pure, and long for a long call: on a thread of its own.
Task<CallVerifier::DraftPtr> CallVerifier::lay_out_time(EvidencePtr evidence) {
  auto draft = std::make_shared<Draft>();
  auto work = [evidence, draft, thresholds = options_.thresholds] {
    draft->built = build_timeline(evidence->call, thresholds);
    if (evidence->call.mapping.pieces.empty())
      evidence->call.mapping = mapping_by_metadata(draft->built.timeline, thresholds);
  };
  co_await offload_.run(std::move(work));
  co_return draft;
}

Task<void> CallVerifier::decide(EvidencePtr evidence, DraftPtr draft) {
  auto work = [evidence, draft, thresholds = options_.thresholds] {
    draft->verdict = judge(evidence->call, std::move(draft->built), thresholds);
  };
  co_await offload_.run(std::move(work));
}

// Gives the blob that was rendered from the tap, if there was need of one.
Task<Result<BlobName>> CallVerifier::mend(EvidencePtr evidence, DraftPtr draft, int number) {
  auto& timeline = draft->built.timeline;
  const bool lost = std::ranges::any_of(timeline.spans, [](const Span& span) {
    return span.kind == SpanKind::gap && span.length() >= mended_length_min;
  });
  if (!lost) co_return BlobName{};
  auto copies = co_await second_copies_of(evidence);
  if (!copies) co_return fail("look for second copies", copies.error());
  MendingRequest request{.call = evidence->call.call,
                         .verdict = static_cast<std::uint32_t>(number),
                         .timeline = timeline,
                         .mapping = evidence->call.mapping,
                         .chunks = placed_chunks(evidence->call, timeline),
                         .second_copies = std::move(*copies)};
  auto mended = co_await mender_.mend(std::move(request));
  if (!mended) co_return fail("mend the recording", mended.error());
  timeline = std::move(mended->timeline);
  co_return std::move(mended->rendered);
}

Task<Result<std::vector<Chunk>>> CallVerifier::second_copies_of(EvidencePtr evidence) {
  std::vector<Chunk> copies;
  for (const auto& one : evidence->call.recordings) {
    if (!one.recording.byos) continue;
    auto kept = co_await second_copies_.all_of(one.recording.id);
    if (!kept) co_return Failure(kept.error());
    for (auto& copy : *kept)
      if (copy.unusable.empty()) copies.push_back(std::move(copy.chunk));
  }
  co_return copies;
}

// Before the transcript, which shows what is corrected.
Task<Result<void>> CallVerifier::correct_turns(EvidencePtr evidence) {
  auto done = co_await cuts_.verify(evidence);
  if (done || (worth_retrying(done.error()) && clock_.wall_now() < deadline_of(evidence->call)))
    co_return done;
  log_.warn("a call's interrupted turns end where the bridge believed",
            {{"call", evidence->call.call.id.text}, {"error", done.error().message}});
  co_return ok();
}

Task<Result<void>> CallVerifier::write_transcript(EvidencePtr evidence, Verdict verdict) {
  const ContextId call = verdict.call;
  auto subject = subject_of(evidence->call, verdict);
  auto written = co_await transcripts_.write(std::move(subject), std::move(verdict));
  if (written) co_return ok();
  if (worth_retrying(written.error())) co_return fail("write the transcript", written.error());
  // A verdict without it is better than none; the API makes it anew.
  log_.warn("a call's transcript could not be written beside its audio",
            {{"call", call.text}, {"error", written.error().message}});
  co_return ok();
}

// Before the verdict, which is what makes it known; written again it replaces itself.
Task<Result<void>> CallVerifier::write_manifest(EvidencePtr evidence, Verdict verdict) {
  if (!manifests_) co_return ok();
  ManifestRequest request{.subject = subject_of(evidence->call, verdict),
                          .mapping = verdict.mapping,
                          .verdict = manifest_verdict(verdict)};
  auto written = co_await manifests_->write(std::move(request));
  if (written) co_return ok();
  if (worth_retrying(written.error())) co_return fail("write the manifest", written.error());
  // A verdict without its manifest is better than none.
  log_.warn("a call's manifest could not be written",
            {{"call", verdict.call.text}, {"error", written.error().message}});
  co_return ok();
}

// Its verdict is its import's, and rests on what ACS wrote alone. That the files are still those of
// their rows is seen while they are hashed.
Task<Result<JobOutcome>> CallVerifier::describe_imported(EvidencePtr evidence) {
  const auto& call = evidence->call.call;
  auto verdict = co_await store_.verdict_of(call.id, std::nullopt);
  if (!verdict) co_return fail("load the last verdict", verdict.error());
  if (!*verdict || !manifests_) co_return JobOutcome{JobDone{}};
  ManifestRequest request{.subject = subject_of(evidence->call, **verdict),
                          .mapping = (*verdict)->mapping,
                          .verdict = manifest_verdict(**verdict)};
  auto written = co_await manifests_->write(std::move(request));
  if (!written && worth_retrying(written.error()))
    co_return fail("write the manifest", written.error());
  const std::string why = written ? std::string() : written.error().message;
  JournalEntry entry{.call = call.id, .at = clock_.wall_now()};
  entry.type = written ? "manifest of an imported call written" : "manifest not written";
  entry.detail =
      earshot::journal_detail({{"number", std::to_string((*verdict)->number)}, {"reason", why}});
  Changes changes;
  changes.journal.push_back(std::move(entry));
  if (auto stored = co_await store_.commit(std::move(changes)); !stored)
    co_return Failure(stored.error());
  if (!written)
    log_.warn("an imported call's manifest could not be written",
              {{"call", call.id.text}, {"error", why}});
  co_return JobOutcome{JobDone{}};
}

bool CallVerifier::is_final(const CallEvidence& evidence, WallTime now) const {
  return now >= deadline_of(evidence) || std::ranges::all_of(evidence.recordings, is_searched);
}

WallTime CallVerifier::deadline_of(const CallEvidence& evidence) const {
  return evidence.call.ended_at.value_or(evidence.call.received_at) + options_.verdict_after;
}

std::optional<JobOutcome> CallVerifier::wait_for_search(const Job& job, WallTime now) const {
  constexpr Duration look_again = 5s;
  const auto since = parse_iso8601(job.payload).value_or(now);
  if (now >= since + options_.search_wait) return std::nullopt;
  return JobRetry{.at = now + look_again,
                  .error = "there are chunks that the search has not seen yet",
                  .payload = to_iso8601(since)};
}

JobOutcome CallVerifier::wait_until(WallTime at, std::string why) const {
  return JobRetry{.at = at, .error = std::move(why), .payload = ""};
}

Task<Result<void>> CallVerifier::store(Verdict verdict, std::optional<Verdict> before) {
  Changes changes;
  changes.verdicts.push_back(verdict);
  changes.journal.push_back({.call = verdict.call,
                             .at = verdict.at,
                             .type = "verdict",
                             .detail = journal_detail(verdict)});
  const auto alerts = alerts_of(verdict, before);
  changes.alerts = alerts;
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed && committed.error().kind == ErrorKind::conflict) {
    // Somebody else gave this number meanwhile: look again.
    auto error = committed.error();
    error.kind = ErrorKind::unavailable;
    co_return Failure(error);
  }
  if (committed) tell(verdict);
  for (const auto& alert : alerts)
    if (committed) alerts_.announce(alert);
  co_return committed;
}

void CallVerifier::tell(const Verdict& verdict) {
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
}

std::vector<Alert> CallVerifier::alerts_of(const Verdict& verdict,
                                           const std::optional<Verdict>& before) {
  Alert about{.call = verdict.call, .at = verdict.at};
  for (const auto& span : verdict.timeline.spans)
    if (!span.recording.empty()) about.recording = span.recording;
  std::vector<Alert> alerts;
  const auto add = [&](std::string kind, std::string message) {
    about.kind = std::move(kind);
    about.message = std::move(message);
    alerts.push_back(about);
  };
  const bool news = !before || before->kind != verdict.kind;
  if (news && verdict.kind != VerdictKind::complete)
    add(fmt::format("verdict_{}", to_text(verdict.kind)), message_of(verdict));
  const bool counted_before = before && before->has(FindingKind::chunk_count_unusual);
  if (verdict.has(FindingKind::chunk_count_unusual) && !counted_before)
    add("chunk_count_unusual",
        "a recording has more chunks than one for each started four hours: ACS may have restarted "
        "its recorder");
  return alerts;
}

Task<Result<void>> CallVerifier::ask(ContextId id) {
  auto call = co_await store_.load_call(id);
  if (!call) co_return Failure(call.error());
  if (call->erased_at) co_return Failure(erased_error_of(*call));
  if (call->phase == CallPhase::not_answered)
    co_return fail(ErrorKind::conflict, "the call was not answered, so there is nothing to judge");
  if (call->phase != CallPhase::ended)
    co_return fail(ErrorKind::conflict, "the call is not over; its verdict follows its end");
  auto recordings = co_await store_.recordings_of(id);
  if (!recordings) co_return Failure(recordings.error());
  const auto now = clock_.wall_now();
  Changes changes;
  // Of an imported one the import alone looks for chunks.
  if (is_imported(*call)) recordings->clear();
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
