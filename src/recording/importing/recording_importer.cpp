#include "recording/importing/recording_importer.hpp"

#include "domain/imported_call.hpp"
#include "domain/words.hpp"
#include "recording/chunk_name.hpp"
#include "recording/recording_discovery.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <tuple>
#include <utility>

namespace earshot::recording {
namespace {

constexpr int overtaken_max = 3;
constexpr std::string_view stopping_error = "the service is stopping";

std::string_view to_text(ImportOutcome outcome) {
  switch (outcome) {
    case ImportOutcome::adopted:
      return "adopted";
    case ImportOutcome::updated:
      return "updated";
    case ImportOutcome::known:
      return "known";
    case ImportOutcome::searched:
      return "searched";
    case ImportOutcome::refused:
      return "refused";
    case ImportOutcome::left:
      return "left";
  }
  return "unknown";
}

bool same_audio(const Chunk& stored, const FoundChunk& found) {
  return stored.index == found.index && stored.audio == found.audio && stored.etag == found.etag &&
         stored.bytes == found.bytes && stored.metadata == found.metadata;
}

// Nothing is there that was not weighed when it was imported: a second export of an index was, too.
bool is_as_stored(const std::vector<Chunk>& stored, const std::vector<FoundChunk>& found) {
  const auto is_stored = [&](const FoundChunk& one) {
    return std::ranges::any_of(stored, [&](const Chunk& chunk) {
      return chunk.index == one.index && (same_audio(chunk, one) || chunk.audio != one.audio);
    });
  };
  return std::ranges::all_of(found, is_stored);
}

// Counts among those that run, as long as it lives.
class Place {
 public:
  explicit Place(std::size_t& running) : running_(running) { ++running_; }
  ~Place() { --running_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::size_t& running_;
};

WallTime first_modified(const ImportFolder& folder) {
  WallTime first = WallTime::max();
  for (const auto& file : folder.files) first = std::min(first, file.modified_at);
  return first;
}

}  // namespace

// The container, counted: what an import costs is part of what it tells. A blob that is gone, or
// another one since it was listed, is this folder's trouble and not the import's.
class RecordingImporter::Container : public ChunkSource {
 public:
  Container(BlobStore& blobs, Counters& counters)
      : blobs_(blobs),
        requests_(counters.counter("earshot_import_requests_total",
                                   "requests that imports made to the container")),
        bytes_(counters.counter("earshot_import_bytes_read_total",
                                "bytes of blobs that imports have read")) {}

  Task<Result<BlobPage>> list(BlobListRequest request) {
    count(0);
    co_return co_await blobs_.list(std::move(request));
  }
  Task<Result<std::vector<FoundChunk>>> find(ChunkSearch) override {
    co_return fail(ErrorKind::invalid, "an import looks for no recording");
  }
  Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                           std::string etag) override {
    auto bytes = co_await blobs_.read(std::move(name), offset, length, std::move(etag));
    count(bytes ? bytes->size() : 0);
    if (bytes || worth_retrying(bytes.error()) || bytes.error().kind == ErrorKind::not_found)
      co_return bytes;
    auto error = bytes.error();
    error.kind = ErrorKind::invalid;
    co_return Failure(std::move(error));
  }
  // Since the last time.
  std::pair<std::uint64_t, std::uint64_t> take_counts() {
    return {std::exchange(requests_made_, 0), std::exchange(bytes_read_, 0)};
  }

 private:
  void count(std::size_t bytes) {
    ++requests_made_;
    bytes_read_ += bytes;
    requests_.add();
    bytes_.add(static_cast<double>(bytes));
  }

  BlobStore& blobs_;
  Counter& requests_;
  Counter& bytes_;
  std::uint64_t requests_made_ = 0;
  std::uint64_t bytes_read_ = 0;
};

RecordingImporter::RecordingImporter(ImportServices services, BlobStore& blobs,
                                     ImporterOptions options)
    : services_(services),
      options_(options),
      container_(std::make_unique<Container>(blobs, services.counters)),
      known_(services.store, services.imports, services.files, services.claims),
      inspector_(*container_, services.clock) {}

RecordingImporter::~RecordingImporter() = default;

Task<JobOutcome> RecordingImporter::run(Job job) {
  const auto now = services_.clock.wall_now();
  if (running_ >= options_.running_max)
    co_return JobRetry{.at = now + options_.place_delay,
                       .error = "waits for another import to be done",
                       .payload = ""};
  auto found = co_await services_.imports.find_import({job.subject});
  if (!found)
    co_return JobRetry{
        .at = now + options_.retry_first, .error = found.error().message, .payload = ""};
  if (!*found) co_return JobGivenUp{.error = "there is no such import"};
  if (is_over((*found)->state)) co_return JobDone{};
  const auto row = std::make_shared<Import>(std::move(**found));
  const Place place(running_);
  auto done = co_await go_through(row);
  if (!done) co_return co_await after_failure(std::move(job), row, done.error());
  services_.log.info("an import is done", {{"import", row->id.text}, {"requests", row->requests}});
  co_return JobDone{};
}

Task<Result<void>> RecordingImporter::go_through(Row row) {
  row->state = ImportState::running;
  if (!row->started_at) row->started_at = services_.clock.wall_now();
  if (auto saved = co_await save(row); !saved) co_return saved;
  while (row->date <= row->to) {
    auto done = co_await go_through_date(row);
    // A marker of long ago, perhaps: the date again, from its beginning.
    if (!done && done.error().kind == ErrorKind::invalid && !row->marker.empty()) {
      row->marker.clear();
      done = co_await go_through_date(row);
    }
    if (!done) co_return done;
    row->date += std::chrono::days(1);
    row->marker.clear();
    if (row->date > row->to) break;
    if (auto saved = co_await save(row); !saved) co_return saved;
  }
  row->date = row->to;
  row->state = ImportState::done;
  row->finished_at = services_.clock.wall_now();
  row->error.clear();
  co_return co_await save(row);
}

// The position is the first page with blobs of a folder that is not complete yet: after an
// interruption it is listed again, and what has its word already is passed over.
Task<Result<void>> RecordingImporter::go_through_date(Row row) {
  struct Page {
    std::string marker;
    std::uint64_t others = 0;  // before it
  };
  std::map<std::uint64_t, Page> pages;
  ImportFolders folders(options_.files_per_folder_max);
  BlobListRequest request{.prefix = to_compact_date(row->date) + "/",
                          .marker = row->marker,
                          .page_size_max = options_.page_size};
  pages[0] = {.marker = row->marker, .others = row->other_blobs};
  for (;;) {
    auto page = co_await container_->list(request);
    if (!page) co_return fail("list the recordings' container", page.error());
    const auto others = pages.rbegin()->second.others - folders.others();
    auto complete = folders.add(page->blobs);
    const bool last = page->next_marker.empty();
    if (last) std::ranges::move(folders.finish(), std::back_inserter(complete));
    for (auto& folder : complete) {
      if (stopping_) co_return fail(ErrorKind::unavailable, std::string(stopping_error));
      if (auto taken = co_await take(row, std::move(folder)); !taken) co_return taken;
    }
    pages[folders.pages()] = {.marker = page->next_marker, .others = others + folders.others()};
    pages.erase(pages.begin(), pages.find(folders.first_page_needed()));
    row->marker = pages.begin()->second.marker;
    row->other_blobs = pages.begin()->second.others;
    if (last) co_return ok();
    if (auto saved = co_await save(row); !saved) co_return saved;
    request.marker = std::move(page->next_marker);
  }
}

Task<Result<void>> RecordingImporter::take(Row row, ImportFolder folder) {
  ImportItemQuery same{.of = row->id, .folder = folder.name, .outcome = {}, .limit = 1};
  auto taken = co_await services_.imports.import_items(std::move(same));
  if (!taken) co_return fail("look for a folder's word", taken.error());
  if (!taken->empty()) co_return ok();
  // Again for what somebody else has adopted meanwhile.
  for (int attempt = 1;; ++attempt) {
    auto decision = co_await decide(row, folder);
    if (!decision) co_return Failure(decision.error());
    auto item = decision->item;
    if (row->dry_run) decision->changes = {};
    auto stored = co_await services_.imports.put_import_item(item, std::move(decision->changes));
    const bool is_unstorable =
        !stored && (stored.error().kind == ErrorKind::invalid || is_call_erased(stored.error()));
    if (is_unstorable) {
      item.outcome = ImportOutcome::refused;
      item.call = {};
      item.recording = {};
      item.detail = stored.error().message;
      stored = co_await services_.imports.put_import_item(item, {});
    }
    if (stored) count(item, row->dry_run);
    const bool overtaken = !stored && stored.error().kind == ErrorKind::conflict;
    if (overtaken && attempt < overtaken_max) continue;
    if (overtaken)
      co_return fail(ErrorKind::unavailable, "others import the same recordings at this moment");
    if (!stored) co_return fail("store what was imported", stored.error());
    co_return ok();
  }
}

Task<Result<RecordingImporter::Decision>> RecordingImporter::decide(Row row, ImportFolder folder) {
  Decision decision{.item = {.of = row->id,
                             .folder = folder.name,
                             .files = static_cast<std::uint32_t>(folder.files.size()),
                             .at = services_.clock.wall_now()}};
  if (read_folder_path(folder.name).recording.empty()) {
    decision.item.outcome = ImportOutcome::refused;
    decision.item.detail = "its chunks lie in the date's folder itself, and in no recording's";
    co_return decision;
  }
  auto found = group_chunks(folder.files)[folder.name];
  auto known = co_await known_.by_name(folder.name, found);
  if (!known) co_return Failure(known.error());
  if (*known && (*known)->call.erased_at) {
    decision.item.call = (*known)->call.id;
    decision.item.recording = (*known)->recording.id;
    decision.item.outcome = ImportOutcome::refused;
    decision.item.detail = call_erased_error().message;
    co_return decision;
  }
  if (*known && !is_imported((*known)->call))
    co_return decide_on_own(std::move(decision), std::move(**known), std::move(found));
  if (*known &&
      ((*known)->recording.folder != folder.name || is_as_stored((*known)->chunks, found))) {
    decision.item.call = (*known)->call.id;
    decision.item.recording = (*known)->recording.id;
    decision.item.detail = "imported before";
    co_return co_await decide_on_imported(std::move(decision), std::move(folder));
  }
  co_return co_await decide_on_unknown(std::move(decision), std::move(folder), std::move(*known));
}

// One that was adopted before numbers were stored with it is found by its caller from now on.
Task<Result<RecordingImporter::Decision>> RecordingImporter::decide_on_imported(
    Decision decision, ImportFolder folder) {
  auto has_numbers = co_await has_personal(decision.item.call);
  if (!has_numbers) co_return Failure(has_numbers.error());
  if (*has_numbers) co_return decision;
  auto found = co_await inspect(std::move(folder), decision.item.recording);
  if (!found && worth_retrying(found.error())) co_return Failure(found.error());
  auto caller = found ? telephone_of(found->chunks) : std::string();
  if (caller.empty()) co_return decision;
  decision.item.detail = "imported before; its caller is stored now";
  decision.changes.personal.push_back({.call = decision.item.call, .caller = std::move(caller)});
  co_return decision;
}

Task<Result<bool>> RecordingImporter::has_personal(ContextId call) {
  auto personal = co_await services_.store.load_personal(std::move(call));
  if (!personal && personal.error().kind != ErrorKind::not_found)
    co_return fail("load a call's numbers", personal.error());
  co_return personal.has_value();
}

// Of ours: the search for its chunks is the one that knows how to take them.
RecordingImporter::Decision RecordingImporter::decide_on_own(Decision decision, Known known,
                                                             std::vector<FoundChunk> found) const {
  decision.item.call = known.call.id;
  decision.item.recording = known.recording.id;
  const auto lacks = [&](const FoundChunk& one) {
    return !one.audio.empty() && one.bytes > 0 &&
           std::ranges::none_of(known.chunks, [&](const Chunk& chunk) {
             return chunk.index == one.index && !chunk.audio.empty();
           });
  };
  const auto lacking = std::ranges::count_if(found, lacks);
  const bool is_over = known.recording.discovery == Discovery::found ||
                       known.recording.discovery == Discovery::incomplete ||
                       known.recording.discovery == Discovery::missing;
  if (lacking == 0 || !is_over) {
    decision.item.detail = lacking == 0 ? "" : "its chunks are being looked for";
    return decision;
  }
  decision.item.outcome = ImportOutcome::searched;
  decision.item.detail =
      fmt::format("{} of its chunks are not stored: it is looked for again", lacking);
  decision.changes.jobs.push_back({.kind = discover_recording_job,
                                   .subject = known.recording.id.text,
                                   .payload = "{}",
                                   .due = decision.item.at,
                                   .deadline = decision.item.at,
                                   .unique_key = "discover_recording/" + known.recording.id.text});
  return decision;
}

Task<Result<RecordingImporter::Decision>> RecordingImporter::decide_on_unknown(
    Decision decision, ImportFolder folder, std::optional<Known> imported) {
  const auto left_out = folder.left_out;
  auto found = co_await inspect(folder, imported_recording_id(folder.name));
  if (!found && worth_retrying(found.error())) co_return Failure(found.error());
  Result<Adoption> adoption = Failure(Error{});
  const bool is_update = imported.has_value();
  std::optional<Call> before;
  std::string note;
  if (found) {
    if (!imported) {
      auto files = group_chunks(folder.files)[folder.name];
      auto decided = co_await decide_by_evidence(decision, &*found, std::move(files), &note);
      if (!decided) co_return Failure(decided.error());
      if (*decided) co_return std::move(**decided);
    }
    auto so_far = co_await call_so_far(call_names(*found), std::move(imported), folder.name);
    if (!so_far) co_return Failure(so_far.error());
    before = so_far->call;
    adoption = adopt(std::move(*found), std::move(*so_far), decision.item.at, options_.thresholds);
  }
  if (!found || !adoption) {
    decision.item.outcome = ImportOutcome::refused;
    decision.item.detail = found ? adoption.error().message : found.error().message;
    co_return decision;
  }
  adoption->detail += note;
  if (left_out > 0)
    adoption->detail += fmt::format("; {} more chunk files were left out", left_out);
  co_return co_await decide_on_adoption(std::move(decision), std::move(*adoption),
                                        std::move(before), is_update);
}

Task<Result<std::optional<RecordingImporter::Decision>>> RecordingImporter::decide_by_evidence(
    Decision decision, const FoundFolder* found, std::vector<FoundChunk> files, std::string* note) {
  auto known = co_await known_.by_metadata(found->chunks);
  if (!known) co_return Failure(known.error());
  if (*known && !is_imported((*known)->call) && (*known)->chunks.empty())
    co_return decide_on_own(std::move(decision), std::move(**known), std::move(files));
  if (*known) {
    decision.item.call = (*known)->call.id;
    decision.item.recording = (*known)->recording.id;
    decision.item.detail = fmt::format("the same chunks as in {}", (*known)->recording.folder);
    co_return decision;
  }
  std::vector<std::string> documents;
  documents.reserve(files.size());
  for (const auto& one : found->chunks)
    if (!one.chunk.document_id.empty()) documents.push_back(one.chunk.document_id);
  auto claimed = co_await known_.by_claim(found->name, folder_words(*found), std::move(documents));
  if (!claimed) co_return Failure(claimed.error());
  if (claimed->owner)
    co_return decide_on_own(std::move(decision), std::move(*claimed->owner), std::move(files));
  *note = std::move(claimed->note);
  if (claimed->doubt.empty()) co_return std::nullopt;
  decision.item.outcome = ImportOutcome::left;
  decision.item.detail = std::move(claimed->doubt);
  co_return decision;
}

// What was adopted of the call before is judged with it, so it is looked into once more.
Task<Result<CallSoFar>> RecordingImporter::call_so_far(CallNames names,
                                                       std::optional<Known> imported,
                                                       std::string folder) {
  CallSoFar so_far;
  if (imported) {
    so_far.call = std::move(imported->call);
  } else {
    auto call = co_await known_.imported_call(std::move(names));
    if (!call) co_return Failure(call.error());
    so_far.call = std::move(*call);
  }
  if (!so_far.call) co_return so_far;
  auto recordings = co_await services_.store.recordings_of(so_far.call->id);
  if (!recordings) co_return fail("load a call's recordings", recordings.error());
  std::erase_if(*recordings, [&](const Recording& one) { return one.folder == folder; });
  if (recordings->size() > options_.siblings_max) {
    services_.log.warn("an imported call has more recordings than are judged together",
                       {{"call", so_far.call->id.text}, {"recordings", recordings->size()}});
    recordings->resize(options_.siblings_max);
  }
  so_far.siblings.reserve(recordings->size());
  for (auto& recording : *recordings) {
    auto sibling = co_await inspect_again(std::move(recording));
    if (!sibling && worth_retrying(sibling.error())) co_return Failure(sibling.error());
    if (sibling) so_far.siblings.push_back(std::move(*sibling));
  }
  co_return so_far;
}

Task<Result<FoundFolder>> RecordingImporter::inspect_again(Recording recording) {
  ImportFolder folder{.name = recording.folder};
  BlobListRequest request{
      .prefix = recording.folder, .by_folder = true, .page_size_max = options_.page_size};
  auto page = co_await container_->list(std::move(request));
  if (!page) co_return fail("list a recording's folder", page.error());
  for (auto& blob : page->blobs)
    if (parse_chunk_name(blob.name.text)) folder.files.push_back(std::move(blob));
  co_return co_await inspect(std::move(folder), std::move(recording.id));
}

Task<Result<FoundFolder>> RecordingImporter::inspect(ImportFolder folder, RecordingId id) {
  FoundFolder looked_into{.name = folder.name, .modified_at = first_modified(folder)};
  auto found = group_chunks(folder.files)[folder.name];
  std::ranges::sort(found, {},
                    [](const FoundChunk& one) { return std::tie(one.index, one.document_id); });
  for (auto& one : found) {
    if (stopping_) co_return fail(ErrorKind::unavailable, std::string(stopping_error));
    auto inspected = co_await inspector_.inspect(id, one);
    if (!inspected)
      co_return fail(fmt::format("look into chunk {}", one.index.value), inspected.error());
    auto& chunks = looked_into.chunks;
    if (!chunks.empty() && chunks.back().chunk.index == one.index) {
      ++looked_into.exports.back();
      // Exported twice: the one with the most audio.
      if (inspected->chunk.data_bytes > chunks.back().chunk.data_bytes)
        chunks.back() = std::move(*inspected);
      continue;
    }
    chunks.push_back(std::move(*inspected));
    looked_into.exports.push_back(1);
  }
  co_return looked_into;
}

Task<Result<RecordingImporter::Decision>> RecordingImporter::decide_on_adoption(
    Decision decision, Adoption adoption, std::optional<Call> before, bool is_update) {
  auto& item = decision.item;
  item.outcome = is_update ? ImportOutcome::updated : ImportOutcome::adopted;
  item.call = adoption.call.id;
  item.recording = adoption.recording.id;
  item.detail = adoption.detail;
  auto& changes = decision.changes;
  adoption.verdict.number = 1;
  if (before) {
    auto verdict = co_await services_.store.verdict_of(adoption.call.id, std::nullopt);
    if (!verdict) co_return fail("load the last verdict", verdict.error());
    if (*verdict) adoption.verdict.number = (*verdict)->number + 1;
  }
  changes.journal.push_back(
      {.call = adoption.call.id,
       .at = item.at,
       .type = is_update ? "recording imported again" : "recording imported",
       .detail = fmt::format(R"({{"import":"{}","chunks":{},"number":{},"verdict":"{}"}})",
                             item.of.text, adoption.chunks.size(), adoption.verdict.number,
                             earshot::to_text(adoption.verdict.kind))});
  auto has_numbers = co_await has_personal(adoption.call.id);
  if (!has_numbers) co_return Failure(has_numbers.error());
  // So that the call is found when its caller's data is to be erased.
  if (!*has_numbers && !adoption.caller.empty())
    changes.personal.push_back({.call = adoption.call.id, .caller = std::move(adoption.caller)});
  changes.calls.push_back(std::move(adoption.call));
  changes.recordings.push_back(std::move(adoption.recording));
  changes.chunks = std::move(adoption.chunks);
  changes.verdicts.push_back(std::move(adoption.verdict));
  co_return decision;
}

Task<Result<void>> RecordingImporter::save(Row row) {
  const auto [requests, bytes] = container_->take_counts();
  row->requests += requests;
  row->bytes_read += bytes;
  auto saved = co_await services_.imports.save_import(*row);
  if (!saved) co_return fail("store an import's progress", saved.error());
  co_return saved;
}

Task<JobOutcome> RecordingImporter::after_failure(Job job, Row row, Error error) {
  const auto now = services_.clock.wall_now();
  auto wait = options_.retry_first;
  for (int i = 0; i < row->attempts && wait < options_.retry_max; ++i) wait *= 2;
  const auto at =
      now + std::max(std::min(wait, options_.retry_max), Duration(error.retry_after_ms * 1000));
  if (!stopping_) {
    ++row->attempts;
    row->error = error.message;
  }
  const bool again = stopping_ || (worth_retrying(error) && (!job.deadline || at < *job.deadline));
  row->state = again ? ImportState::waiting : ImportState::failed;
  if (!again) row->finished_at = now;
  if (!stopping_)
    services_.log.warn(again ? "an import was interrupted" : "an import failed",
                       {{"import", row->id.text}, {"error", error.message}});
  auto saved = co_await save(row);
  if (again || !saved)
    co_return JobRetry{.at = stopping_ ? now : at, .error = error.message, .payload = ""};
  co_return JobDone{};
}

void RecordingImporter::count(const ImportItem& item, bool dry_run) {
  if (dry_run) return;
  services_.counters
      .counter("earshot_imported_folders_total", "folders of the container by what became of them",
               {{"outcome", std::string(to_text(item.outcome))}})
      .add();
  if (item.outcome == ImportOutcome::adopted || item.outcome == ImportOutcome::updated)
    services_.log.info("a recording was imported",
                       {{"recording", item.recording.text}, {"call", item.call.text}});
}

}  // namespace earshot::recording
