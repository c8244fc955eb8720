#include "recording/recording_fetch.hpp"

#include "recording/chunk_name.hpp"
#include "recording/mp3_reader.hpp"
#include "recording/recording_discovery.hpp"
#include "recording/service_file_check.hpp"
#include "recording/verification/call_verifier.hpp"
#include "recording/wav_reader.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

constexpr std::string_view alerted_payload = R"({"alerted":true})";

bool is_settled(const FileFetch& fetch) { return fetch.state != FileState::waiting; }

// Of the call's whole recording; a chunk's own share of them is not known here.
Duration length_of(const std::vector<RecordingPause>& pauses) {
  Duration length{};
  for (const auto& pause : pauses)
    if (pause.to) length += *pause.to - pause.from;
  return length;
}

}  // namespace

RecordingFetch::RecordingFetch(RecordingFetchServices services, RecordingFetchOptions options)
    : services_(services),
      options_(options),
      fetcher_(services.files, services.blobs, services.locations, services.clock,
               services.counters, services.log, options.fetcher) {}

void RecordingFetch::count(FileState state) {
  const char* outcome = state == FileState::fetched      ? "fetched"
                        : state == FileState::not_needed ? "not_needed"
                                                         : "expired";
  services_.counters
      .counter("earshot_service_files_total", "files in ACS's storage by what became of them",
               {{"outcome", outcome}})
      .add();
}

Task<JobOutcome> RecordingFetch::run(Job job) {
  auto known = co_await load({job.subject});
  if (!known && known.error().kind == ErrorKind::not_found)
    co_return JobGivenUp{.error = known.error().message};
  Result<PassPtr> pass = Failure(Error{});
  if (known) pass = co_await attempt(*known);
  if (known && pass) {
    if (auto told = co_await tell_of(*known, *pass); !told) pass = Failure(told.error());
  }
  if (known && pass && (*pass)->waiting > 0 && (*pass)->refused && job.payload != alerted_payload &&
      !(*known)->recording.byos) {
    if (auto raised = co_await raise_refusal(*known, (*pass)->error); raised)
      job.payload = alerted_payload;
    else
      pass = Failure(raised.error());
  }
  if (known && pass) co_return outcome(job, **known, **pass);
  const auto& error = known ? pass.error() : known.error();
  // What it had put into storage by then goes with the next look of the erasure.
  if (is_call_erased(error)) co_return JobDone{};
  if (is_call_erasing(error))
    co_return JobRetry{.at = services_.clock.wall_now() + call_erasing_retry,
                       .error = error.message,
                       .payload = job.payload};
  services_.log.warn("fetching a recording's files was interrupted",
                     {{"recording", job.subject}, {"error", error.message}});
  co_return JobRetry{.at = services_.clock.wall_now() + spacing(job.attempts),
                     .error = error.message,
                     .payload = ""};
}

Task<Result<RecordingFetch::KnownPtr>> RecordingFetch::load(RecordingId id) {
  auto known = std::make_shared<Known>();
  auto recording = co_await services_.store.load_recording(id);
  if (!recording) co_return fail("load the recording", recording.error());
  known->recording = std::move(*recording);
  auto call = co_await services_.store.load_call(known->recording.call);
  if (!call) co_return fail("load the recording's call", call.error());
  known->call = std::move(*call);
  if (known->call.erased_at) co_return Failure(erased_error_of(known->call));
  auto files = co_await services_.locations.files_of(id);
  if (!files) co_return fail("load the recording's files", files.error());
  known->files = std::move(*files);
  auto chunks = co_await services_.store.chunks_of(id);
  if (!chunks) co_return fail("load the recording's chunks", chunks.error());
  known->chunks = std::move(*chunks);
  auto pauses = co_await services_.store.pauses_of(id);
  if (!pauses) co_return fail("load the recording's pauses", pauses.error());
  known->pauses = std::move(*pauses);
  co_return known;
}

Task<Result<RecordingFetch::PassPtr>> RecordingFetch::attempt(KnownPtr known) {
  auto pass = std::make_shared<Pass>();
  for (const auto& file : known->files) {
    Result<void> done = ok();
    if (!is_settled(file.fetch))
      done = co_await settle(known, file, pass);
    else if (file.fetch.state == FileState::fetched)
      done = co_await remove_at_acs(known, file, pass);
    if (!done) co_return Failure(done.error());
  }
  co_return pass;
}

// Fails only when our own database does.
Task<Result<void>> RecordingFetch::settle(KnownPtr known, RecordingFile file, PassPtr pass) {
  if (services_.clock.wall_now() >= file.told.expires_at)
    co_return co_await expire(known, std::move(file), pass);
  const auto& recording = known->recording;
  if (recording.byos) {
    auto whole = co_await is_whole(known, file.told);
    if (!whole) {
      ++pass->waiting;
      pass->error = whole.error().message;
      co_return ok();
    }
    if (*whole) {
      file.fetch.state = FileState::not_needed;
      count(file.fetch.state);
      co_return co_await services_.locations.save_fetch(std::move(file.fetch));
    }
  }
  FetchTarget target{.resource = known->call.resource,
                     .folder = recording.byos && !recording.folder.empty()
                                   ? recording.folder
                                   : fetched_folder(recording, known->call),
                     .second_copy = recording.byos};
  auto got = co_await fetcher_.fetch(file, std::move(target));
  const LogFields ids = {{"recording", recording.id.text}, {"chunk", file.told.index.value}};
  if (got.error) {
    ++pass->waiting;
    pass->refused = pass->refused || got.error->code == "host_not_allowed" ||
                    got.error->code == resource_not_configured;
    pass->error = fmt::format("chunk {}: {}", file.told.index.value, got.error->message);
    ++got.fetch.attempts;
    got.fetch.last_error = got.error->message;
    auto fields = ids;
    fields.emplace_back("error", got.error->message);
    fields.emplace_back("blocks", got.fetch.block_hashes.size());
    services_.log.warn("a file of a recording was not fetched from ACS", std::move(fields));
    co_return co_await services_.locations.save_fetch(std::move(got.fetch));
  }
  auto fields = ids;
  fields.emplace_back("bytes", got.fetch.bytes);
  services_.log.info(recording.byos ? "the second copy of a chunk was fetched from ACS"
                                    : "a chunk was fetched from ACS",
                     std::move(fields));
  file.fetch = std::move(got.fetch);
  if (auto saved = co_await services_.locations.save_fetch(file.fetch); !saved)
    co_return Failure(saved.error());
  count(FileState::fetched);
  ++pass->fetched;
  if (recording.byos) co_return ok();
  co_return co_await remove_at_acs(known, std::move(file), pass);
}

Task<Result<void>> RecordingFetch::expire(KnownPtr known, RecordingFile file, PassPtr pass) {
  // Audio without its metadata is a recording all the same.
  const bool has_audio = !file.fetch.sha256.empty();
  file.fetch.state = has_audio ? FileState::fetched : FileState::expired;
  if (has_audio) file.fetch.fetched_at = services_.clock.wall_now();
  count(file.fetch.state);
  ++(has_audio ? pass->fetched : pass->expired);
  if (!has_audio)
    services_.log.error("a file of a recording expired at ACS before it was fetched",
                        {{"recording", known->recording.id.text},
                         {"chunk", file.told.index.value},
                         {"attempts", file.fetch.attempts},
                         {"last_error", file.fetch.last_error}});
  co_return co_await services_.locations.save_fetch(std::move(file.fetch));
}

// Is this chunk whole in the customer's container?
Task<Result<bool>> RecordingFetch::is_whole(KnownPtr known, FileLocation told) {
  const auto chunk = std::ranges::find(known->chunks, told.index, &Chunk::index);
  if (chunk == known->chunks.end() || chunk->data_bytes == 0) co_return false;
  auto expected = chunk->duration;
  if (!expected && !told.metadata.empty() && services_.files.check(told.metadata)) {
    // The container has no word on how long it should be; ACS's copy has.
    auto metadata = co_await fetcher_.read_metadata(told, known->call.resource);
    if (!metadata) co_return Failure(metadata.error());
    if (*metadata) expected = promised(**metadata);
  }
  auto torn = co_await is_torn(*chunk);
  if (!torn) co_return Failure(torn.error());
  if (*torn) co_return false;
  if (!expected) co_return true;
  auto audio = co_await audio_in(*chunk);
  if (!audio) co_return Failure(audio.error());
  co_return !falls_short(*audio, std::max(*expected - length_of(known->pauses), Duration{}));
}

// Of what is truly there: a compressed chunk's row says what its metadata promises.
Task<Result<Duration>> RecordingFetch::audio_in(Chunk chunk) {
  const auto name = parse_chunk_name(chunk.audio.text);
  if (!name || name->file != ChunkFile::mp3) co_return chunk.audio_duration();
  auto head = co_await services_.blobs.read(chunk.audio, 0, mp3_head_bytes, "");
  if (!head) co_return fail("look at the chunk", head.error());
  const auto look = look_at(*head, chunk.bytes);
  co_return look && look->audio ? *look->audio : Duration{};
}

// Does its header promise more than there is? Of compressed audio only the duration tells.
Task<Result<bool>> RecordingFetch::is_torn(Chunk chunk) {
  const auto name = parse_chunk_name(chunk.audio.text);
  if (!name || name->file != ChunkFile::wav) co_return false;
  WavReader reader(chunk.bytes);
  while (const auto range = reader.wanted()) {
    auto bytes = co_await services_.blobs.read(chunk.audio, range->offset, range->length, "");
    if (!bytes && bytes.error().kind == ErrorKind::not_found) co_return true;
    if (!bytes) co_return fail("look at the chunk", bytes.error());
    if (!reader.feed(*bytes)) co_return true;
  }
  co_return reader.layout().bytes_missing > 0;
}

// Only what was read back from our own store; all of the chunk's files go at once.
Task<Result<void>> RecordingFetch::remove_at_acs(KnownPtr known, RecordingFile file, PassPtr pass) {
  const bool wanted = options_.delete_at_acs && !file.fetch.deleted_at &&
                      !file.fetch.sha256.empty() && !file.told.deletion.empty() &&
                      services_.clock.wall_now() < file.told.expires_at;
  if (!wanted) co_return ok();
  ServiceFile at_acs{.resource = known->call.resource, .location = file.told.deletion};
  auto removed = co_await services_.files.remove(std::move(at_acs));
  if (!removed) {
    ++pass->waiting;
    pass->error = removed.error().message;
    co_return ok();
  }
  file.fetch.deleted_at = services_.clock.wall_now();
  services_.log.info("a chunk was deleted at ACS",
                     {{"recording", file.told.recording.text}, {"chunk", file.told.index.value}});
  co_return co_await services_.locations.save_fetch(std::move(file.fetch));
}

// What others need to know of it: the journal, and the search for chunks, which may have ended
// before these were there.
Task<Result<void>> RecordingFetch::tell_of(KnownPtr known, PassPtr pass) {
  if (pass->fetched == 0 && pass->expired == 0) co_return ok();
  const auto now = services_.clock.wall_now();
  const auto& recording = known->recording;
  Changes changes;
  changes.journal.push_back(
      {.call = recording.call,
       .at = now,
       .type = recording.byos ? "second copies fetched" : "recording files fetched",
       .detail = fmt::format(R"({{"fetched":{},"waiting":{},"expired":{}}})", pass->fetched,
                             pass->waiting, pass->expired)});
  if (!recording.byos && pass->fetched > 0)
    changes.jobs.push_back({.kind = discover_recording_job,
                            .subject = recording.id.text,
                            .payload = "{}",
                            .due = now,
                            .deadline = now + 1h,
                            .unique_key = "discover_recording/" + recording.id.text});
  // What was lost may now be mended from them.
  if (recording.byos && pass->fetched > 0)
    changes.jobs.push_back(make_verify_job(recording.call, now));
  if (pass->expired > 0 && !recording.byos)
    changes.alerts.push_back(
        {.kind = "service_copy_expired",
         .call = recording.call,
         .recording = recording.id,
         .message = fmt::format("{} chunk(s) of a recording expired at ACS before they could be "
                                "fetched; the bridge's own copy is what is left of them",
                                pass->expired),
         .at = now});
  co_return co_await commit(std::move(changes));
}

// Before the job knows that it has done so: rather twice than never, and stored only once.
Task<Result<void>> RecordingFetch::raise_refusal(KnownPtr known, std::string error) {
  Changes changes;
  changes.alerts.push_back(
      {.kind = "recording_download_refused",
       .call = known->recording.call,
       .recording = known->recording.id,
       .message = fmt::format("the files of a recording are not downloaded: {}; before they "
                              "expire, name the host in RECORDING_DOWNLOAD_HOSTS if it is ACS's, "
                              "or configure the ACS resource again if that is missing",
                              error),
       .at = services_.clock.wall_now()});
  co_return co_await commit(std::move(changes));
}

Task<Result<void>> RecordingFetch::commit(Changes changes) {
  const auto alerts = changes.alerts;
  auto committed = co_await services_.store.commit(std::move(changes));
  if (!committed) co_return Failure(committed.error());
  for (const auto& alert : alerts) services_.alerts.announce(alert);
  co_return ok();
}

JobOutcome RecordingFetch::outcome(const Job& job, const Known& known, const Pass& pass) {
  if (pass.waiting == 0) return JobDone{};
  auto at = services_.clock.wall_now() + spacing(job.attempts);
  // The last attempt is the one that finds them expired.
  for (const auto& file : known.files)
    if (!is_settled(file.fetch) && file.told.expires_at > services_.clock.wall_now())
      at = std::min(at, file.told.expires_at);
  return JobRetry{.at = at, .error = pass.error, .payload = job.payload};
}

Duration RecordingFetch::spacing(int attempts) const {
  auto wait = options_.retry_first;
  for (int i = 0; i < attempts && wait < options_.retry_max; ++i) wait *= 2;
  return std::min(wait, options_.retry_max);
}

}  // namespace earshot::recording
