#include "recording/recording_discovery.hpp"

#include "domain/journal_text.hpp"
#include "recording/folder_doubt.hpp"
#include "recording/session_end.hpp"
#include "recording/verification/call_verifier.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <tuple>
#include <utility>

namespace earshot::recording {
namespace {

constexpr std::string_view alerted_payload = R"({"alerted":true})";

bool same_chunk(const Chunk& a, const Chunk& b) {
  const auto facts = [](const Chunk& c) {
    return std::tie(c.audio, c.metadata, c.document_id, c.bytes, c.data_offset, c.data_bytes,
                    c.start, c.duration, c.etag);
  };
  return facts(a) == facts(b) && a.format == b.format;
}

const Chunk* stored(const std::vector<Chunk>& chunks, ChunkIndex index) {
  const auto at = std::ranges::find(chunks, index, &Chunk::index);
  return at == chunks.end() ? nullptr : &*at;
}

std::optional<WallTime> end_of(const Recording& recording, const Call& call) {
  return recording.ended_at ? recording.ended_at : call.ended_at;
}

}  // namespace

RecordingDiscovery::RecordingDiscovery(CallStore& store, ChunkSource& source, AlertSink& alerts,
                                       Clock& clock, Counters& counters, Log& log,
                                       DiscoveryOptions options)
    : store_(store),
      source_(source),
      alerts_(alerts),
      clock_(clock),
      log_(log),
      options_(options),
      inspector_(source, clock),
      chunks_discovered_(counters.counter("earshot_chunks_discovered_total",
                                          "audio chunks stored, each once for each change")),
      recordings_found_(counters.counter("earshot_recordings_discovered_total",
                                         "searches for a recording's chunks that ended",
                                         {{"outcome", "found"}})),
      recordings_incomplete_(counters.counter("earshot_recordings_discovered_total",
                                              "searches for a recording's chunks that ended",
                                              {{"outcome", "incomplete"}})),
      recordings_missing_(counters.counter("earshot_recordings_discovered_total",
                                           "searches for a recording's chunks that ended",
                                           {{"outcome", "missing"}})),
      chunks_cut_(counters.counter("earshot_chunks_left_out_total",
                                   "chunk files beyond the bound of one recording")) {}

Task<JobOutcome> RecordingDiscovery::run(Job job) {
  auto outcome = co_await attempt(job);
  if (outcome) co_return std::move(*outcome);
  if (is_call_erased(outcome.error())) co_return JobDone{};
  if (is_call_erasing(outcome.error()))
    co_return JobRetry{.at = clock_.wall_now() + call_erasing_retry,
                       .error = outcome.error().message,
                       .payload = ""};
  if (outcome.error().kind == ErrorKind::not_found)
    co_return JobGivenUp{.error = outcome.error().message};
  // Storage or database away: that never ends the search, even past the deadline.
  co_return away(job, outcome.error(), false);
}

JobOutcome RecordingDiscovery::away(const Job& job, const Error& error, bool alerted) {
  log_.warn("looking for a recording's chunks failed",
            {{"recording", job.subject}, {"error", error.message}});
  const auto wait = std::max(spacing(job.attempts), Duration(error.retry_after_ms * 1000));
  return JobRetry{.at = clock_.wall_now() + wait,
                  .error = error.message,
                  .payload = alerted ? std::string(alerted_payload) : std::string{}};
}

Task<Result<JobOutcome>> RecordingDiscovery::attempt(Job job) {
  auto loaded = co_await load({job.subject});
  if (!loaded) co_return Failure(loaded.error());
  const auto known = *loaded;
  auto looked = co_await look(known);
  if (!looked && worth_retrying(looked.error()))
    co_return co_await unreachable(std::move(job), known, looked.error());
  if (!looked) co_return co_await refused(std::move(job), known, looked.error());
  const auto& seen = *looked;
  tell_seen(*known, *seen);

  const auto now = clock_.wall_now();
  const auto end = end_of(known->recording, known->call);
  const auto start = known->recording.active_at.value_or(known->recording.requested_at);
  auto progress = measure_progress({.start = start,
                                    .end = end,
                                    .end_after = known->recording.ended_after,
                                    .chunks = seen->chunks,
                                    .our_pauses = known->pauses,
                                    .acs_pauses = seen->pauses,
                                    .tolerance = options_.end_tolerance});
  if (!seen->doubt.empty()) progress.reason = seen->doubt;
  const bool last_try = now + spacing(job.attempts) > deadline_of(job);
  auto outcome = Discovery::searching;
  bool is_whole = progress.complete();
  // The end that we know may be later than the true one: an end without a word is found by a poll.
  if (!is_whole && progress.consecutive) {
    auto last = co_await last_chunk_told(known);
    if (!last) co_return Failure(last.error());
    is_whole = *last == seen->chunks.back().index.value;
  }
  if (!is_whole && progress.consecutive && progress.may_reach_end) is_whole = is_quiet(*seen, *end);
  // No chunk of it, or one without a sample, is all of it.
  const bool expects_nothing =
      progress.audio == Duration{} && never_resumed(known->call, known->recording);
  if (!is_whole && expects_nothing && end) is_whole = now >= *end + options_.quiet_period;
  if (is_whole)
    outcome = Discovery::found;
  else if (last_try)
    outcome = progress.audio > Duration{} ? Discovery::incomplete : Discovery::missing;
  if (auto done = co_await store(known, seen, outcome, progress.reason); !done)
    co_return Failure(done.error());
  if (outcome != known->recording.discovery) tell(*known, *seen, progress, outcome);
  if (outcome != Discovery::searching) co_return JobOutcome{JobDone{}};

  bool alerted = job.payload == alerted_payload;
  if (!alerted && !expects_nothing && seen->chunks.empty() && is_late(*known, now)) {
    auto raised = co_await raise_absent(known, seen->doubt);
    if (!raised) co_return Failure(raised.error());
    alerted = true;
  }
  co_return again(job, now, progress.reason, alerted);
}

// What ACS keeps itself comes by an event, whose absence is watched for: file_watch.hpp.
bool RecordingDiscovery::is_late(const Known& known, WallTime now) const {
  const auto end = end_of(known.recording, known.call);
  return known.recording.byos && end && now >= *end + options_.alert_after;
}

Task<Result<void>> RecordingDiscovery::raise_late(KnownPtr known, std::string message) {
  Alert late{.kind = "recording_late",
             .call = known->call.id,
             .recording = known->recording.id,
             .message = std::move(message),
             .at = clock_.wall_now()};
  co_return co_await raise(std::move(late));
}

// Nothing was found, or nothing that is this recording's beyond doubt.
Task<Result<void>> RecordingDiscovery::raise_absent(KnownPtr known, std::string doubt) {
  if (doubt.empty())
    co_return co_await raise_late(
        known,
        "no audio of a finished recording has appeared in its container; check that the container "
        "exists and that the Communication Services resource may write to it");
  Changes changes;
  changes.journal.push_back(
      {.call = known->call.id,
       .at = clock_.wall_now(),
       .type = "recording folder in doubt",
       .detail = journal_detail({{"recording", known->recording.id.text}, {"reason", doubt}})});
  changes.alerts.push_back(
      {.kind = "recording_folder_in_doubt",
       .call = known->call.id,
       .recording = known->recording.id,
       .message = fmt::format("whose audio lies in the container cannot be told: {}; the search "
                              "goes on, and what is still in doubt when it ends can be imported",
                              doubt),
       .at = clock_.wall_now()});
  const auto alert = changes.alerts.front();
  auto stored = co_await store_.commit(std::move(changes));
  if (!stored) co_return fail("store an alert", stored.error());
  alerts_.announce(alert);
  co_return ok();
}

// Storage is away, which delays the search and never ends it, even past the deadline. Whoever is on
// call must know by the time at which the audio is due all the same.
Task<Result<JobOutcome>> RecordingDiscovery::unreachable(Job job, KnownPtr known, Error error) {
  const bool due = known->chunks.empty() && is_late(*known, clock_.wall_now());
  if (!due || job.payload == alerted_payload) co_return Failure(error);
  auto raised = co_await raise_late(
      known, fmt::format("a finished recording cannot be looked for, because its container cannot "
                         "be reached: {}; the search goes on until it can",
                         error.message));
  if (!raised) co_return Failure(raised.error());
  co_return away(job, error, true);
}

bool RecordingDiscovery::is_quiet(const Seen& seen, WallTime end) const {
  auto newest = end;
  for (const auto& chunk : seen.chunks) newest = std::max(newest, chunk.found_at);
  return clock_.wall_now() >= newest + options_.quiet_period;
}

Task<Result<std::optional<std::uint32_t>>> RecordingDiscovery::last_chunk_told(KnownPtr known) {
  auto journal = co_await store_.journal_of(known->call.id);
  if (!journal) co_return fail("load the call's journal", journal.error());
  co_return last_chunk_of_session(*journal, known->recording.id);
}

Task<Result<JobOutcome>> RecordingDiscovery::refused(Job job, KnownPtr known, Error error) {
  const auto now = clock_.wall_now();
  log_.warn("the recordings' container cannot be read",
            {{"recording", job.subject}, {"error", error.message}});
  if (job.payload != alerted_payload) {
    Alert no{.kind = "recording_storage_refused",
             .call = known->call.id,
             .recording = known->recording.id,
             .message = fmt::format("a recording cannot be looked for: {}; check the container's "
                                    "name and our rights on it",
                                    error.message),
             .at = now};
    if (auto raised = co_await raise(std::move(no)); !raised) co_return Failure(raised.error());
  }
  if (now + spacing(job.attempts) <= deadline_of(job))
    co_return again(job, now, error.message, true);
  const auto outcome = known->chunks.empty() ? Discovery::missing : Discovery::incomplete;
  const auto nothing = std::make_shared<const Seen>();
  if (auto done = co_await store(known, nothing, outcome, error.message); !done)
    co_return Failure(done.error());
  Progress progress;
  progress.reason = error.message;
  tell(*known, *nothing, progress, outcome);
  co_return JobOutcome{JobDone{}};
}

Task<Result<RecordingDiscovery::KnownPtr>> RecordingDiscovery::load(RecordingId id) {
  auto known = std::make_shared<Known>();
  auto recording = co_await store_.load_recording(id);
  if (!recording) co_return fail("load the recording", recording.error());
  known->recording = std::move(*recording);
  auto call = co_await store_.load_call(known->recording.call);
  if (!call) co_return fail("load the recording's call", call.error());
  known->call = std::move(*call);
  if (known->call.erased_at) co_return Failure(erased_error_of(known->call));
  auto pauses = co_await store_.pauses_of(id);
  if (!pauses) co_return fail("load the recording's pauses", pauses.error());
  known->pauses = std::move(*pauses);
  auto chunks = co_await store_.chunks_of(id);
  if (!chunks) co_return fail("load the recording's chunks", chunks.error());
  known->chunks = std::move(*chunks);
  co_return known;
}

Task<Result<RecordingDiscovery::SeenPtr>> RecordingDiscovery::look(KnownPtr known) {
  ChunkSearch search{.recording = known->recording, .call = known->call, .now = clock_.wall_now()};
  auto found = co_await source_.find(std::move(search));
  auto seen = std::make_shared<Seen>();
  if (!found && is_folder_in_doubt(found.error())) {
    seen->doubt = found.error().message;
    co_return seen;
  }
  if (!found) co_return Failure(found.error());
  if (found->size() > options_.chunks_max) {
    chunks_cut_.add(static_cast<double>(found->size() - options_.chunks_max));
    log_.warn("a recording has more chunk files than are read",
              {{"recording", known->recording.id.text}, {"files", found->size()}});
    found->resize(options_.chunks_max);
  }
  std::ranges::sort(*found, {}, &FoundChunk::index);
  for (std::size_t begin = 0; begin < found->size();) {
    auto end = begin;
    while (end < found->size() && (*found)[end].index == (*found)[begin].index) ++end;
    const std::vector<FoundChunk> exports(found->begin() + static_cast<std::ptrdiff_t>(begin),
                                          found->begin() + static_cast<std::ptrdiff_t>(end));
    auto best = co_await best_of(known, exports);
    if (!best) co_return Failure(best.error());
    seen->duplicates += static_cast<int>(exports.size()) - 1;
    seen->audio_files += best->chunk.audio.empty() ? 0 : 1;
    std::ranges::move(best->pauses, std::back_inserter(seen->pauses));
    if (seen->folder.empty()) seen->folder = exports.front().folder;
    const auto* before = stored(known->chunks, best->chunk.index);
    if (before == nullptr || !same_chunk(*before, best->chunk))
      seen->changed.push_back(best->chunk);
    seen->chunks.push_back(std::move(best->chunk));
    begin = end;
  }
  co_return seen;
}

// Of several exports of one index (ACS is known to export twice) the one with the most audio, then
// the one with metadata, then the one that is stored already.
Task<Result<InspectedChunk>> RecordingDiscovery::best_of(KnownPtr known,
                                                         std::vector<FoundChunk> exports) {
  std::optional<InspectedChunk> best;
  const auto* before = stored(known->chunks, exports.front().index);
  const auto rank = [before](const Chunk& chunk) {
    return std::tuple(chunk.data_bytes, chunk.start.has_value(),
                      before != nullptr && before->audio == chunk.audio);
  };
  for (const auto& found : exports) {
    const auto earlier = before == nullptr ? std::nullopt : std::optional(*before);
    auto inspected = co_await inspector_.inspect(known->recording.id, found, earlier);
    if (!inspected) co_return Failure(inspected.error());
    const LogFields ids = {{"recording", known->recording.id.text}, {"chunk", found.index.value}};
    const bool is_news = before == nullptr || !same_chunk(*before, inspected->chunk);
    if (is_news && !inspected->unusable.empty()) {
      auto fields = ids;
      fields.emplace_back("reason", inspected->unusable);
      log_.warn("a chunk cannot be used as it is", std::move(fields));
    }
    for (const auto& note : inspected->notes) {
      if (!is_news) break;
      auto fields = ids;
      fields.emplace_back("what", note);
      log_.info("a chunk is odd", std::move(fields));
    }
    if (!best || rank(inspected->chunk) > rank(best->chunk)) best = std::move(*inspected);
  }
  co_return std::move(*best);
}

// Before the job knows that it has done so: rather twice than never, and stored only once.
Task<Result<void>> RecordingDiscovery::raise(Alert alert) {
  Changes changes;
  changes.alerts.push_back(alert);
  if (auto stored = co_await store_.commit(std::move(changes)); !stored)
    co_return fail("store an alert", stored.error());
  alerts_.announce(alert);
  co_return ok();
}

// Of a search that has come to a bad end.
Alert RecordingDiscovery::end_alert(const Known& known, Discovery outcome,
                                    const std::string& reason) const {
  return {.kind = outcome == Discovery::missing ? "recording_missing" : "recording_incomplete",
          .call = known.call.id,
          .recording = known.recording.id,
          .message = fmt::format(
              "the search for a recording's audio ended without all of it: {}; ask Microsoft "
              "support with the recordingId and correlationId of the call",
              reason),
          .at = clock_.wall_now()};
}

Task<Result<void>> RecordingDiscovery::store(KnownPtr known, SeenPtr seen, Discovery outcome,
                                             std::string reason) {
  Changes changes;
  changes.chunks = seen->changed;
  const bool news = !seen->changed.empty() || outcome != known->recording.discovery;
  if (!news) co_return ok();
  // These columns alone: the recording's phase may move on while we look.
  DiscoveryChange change{
      .recording = known->recording.id, .discovery = outcome, .folder = seen->folder};
  if (outcome != Discovery::searching) change.discovered_at = clock_.wall_now();
  changes.discoveries.push_back(std::move(change));
  changes.jobs.push_back(make_verify_job(known->call.id, clock_.wall_now()));
  constexpr std::array names = {"not_started", "searching", "found", "incomplete", "missing"};
  changes.journal.push_back(
      {.call = known->call.id,
       .at = clock_.wall_now(),
       .type = "recording chunks discovered",
       .detail = fmt::format(R"({{"chunks":{},"changed":{},"duplicates":{},"discovery":"{}"}})",
                             seen->chunks.size(), seen->changed.size(), seen->duplicates,
                             names.at(static_cast<std::size_t>(outcome)))});
  if (outcome != known->recording.discovery &&
      (outcome == Discovery::missing || outcome == Discovery::incomplete))
    changes.alerts.push_back(end_alert(*known, outcome, reason));
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed && committed.error().kind == ErrorKind::conflict) {
    auto error = committed.error();
    error.kind = ErrorKind::unavailable;
    co_return Failure(error);
  }
  if (committed) chunks_discovered_.add(static_cast<double>(seen->changed.size()));
  co_return committed;
}

JobOutcome RecordingDiscovery::again(const Job& job, WallTime now, std::string why,
                                     bool alerted) const {
  return JobRetry{.at = now + spacing(job.attempts),
                  .error = std::move(why),
                  .payload = alerted ? std::string(alerted_payload) : std::string{}};
}

WallTime RecordingDiscovery::deadline_of(const Job& job) const {
  return job.deadline.value_or(job.added_at + options_.search_for);
}

Duration RecordingDiscovery::spacing(int attempts) const {
  auto wait = options_.retry_first;
  for (int i = 0; i < attempts && wait < options_.retry_max; ++i) wait += wait / 2;
  return std::min(wait, options_.retry_max);
}

void RecordingDiscovery::tell_seen(const Known& known, const Seen& seen) {
  if (seen.changed.empty()) return;
  log_.info(
      fmt::format("{} Discovered {} audio chunk(s) in {}",
                  known.recording.byos ? "[BYOS]" : "[Service]", seen.audio_files, seen.folder),
      {{"recording", known.recording.id.text},
       {"call", known.call.id.text},
       {"chunks", seen.chunks.size()},
       {"duplicates", seen.duplicates}});
}

void RecordingDiscovery::tell(const Known& known, const Seen& seen, const Progress& progress,
                              Discovery outcome) {
  const LogFields ids = {{"recording", known.recording.id.text},
                         {"call", known.call.id.text},
                         {"chunks", seen.chunks.size()},
                         {"audio_s", std::chrono::duration<double>(progress.audio).count()}};
  if (outcome == Discovery::found) {
    recordings_found_.add();
    log_.info("recording found", ids);
    return;
  }
  if (outcome == Discovery::searching) return;
  const bool missing = outcome == Discovery::missing;
  (missing ? recordings_missing_ : recordings_incomplete_).add();
  log_.error(missing ? "recording missing" : "recording incomplete", ids);
  alerts_.announce(end_alert(known, outcome, progress.reason));
}

}  // namespace earshot::recording
