#pragma once
// For tests: a container with recordings that nobody knows, the importer, and one call of ours.

#include "domain/imported_call.hpp"
#include "recording/chunk_name.hpp"
#include "recording/importing/recording_importer.hpp"
#include "recording/testing/recorded_call.hpp"
#include "store/memory_import_store.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace earshot::recording::testing {

// A container that fails by script, and counts.
class WatchedContainer : public blob::MemoryBlobStore {
 public:
  using MemoryBlobStore::MemoryBlobStore;
  Task<Result<BlobPage>> list(BlobListRequest request) override {
    ++lists;
    markers.push_back(request.marker);
    if (lists == fail_list_at) co_return fail(ErrorKind::unavailable, "storage is away");
    co_return co_await MemoryBlobStore::list(std::move(request));
  }
  Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                           std::string etag) override {
    ++reads;
    const bool archived = name.text == archived_name;
    if (archived) co_return fail(ErrorKind::conflict, "the blob is archived");
    auto bytes = co_await MemoryBlobStore::read(std::move(name), offset, length, std::move(etag));
    if (bytes) bytes_read += bytes->size();
    co_return bytes;
  }
  int lists = 0;
  int reads = 0;
  std::size_t bytes_read = 0;
  int fail_list_at = 0;
  std::string archived_name;
  std::vector<std::string> markers;
};

struct ImportWorld : RecordedCall {
  explicit ImportWorld(int page_size = 5'000)
      : importer(services(), container, {.page_size = page_size}), imports(services()) {
    runtime.clock().set_wall(at("2026-03-05T12:00:00Z"));
  }
  ImportServices services() {
    return {store, import_rows, store, store, runtime.clock(), random, counters, log};
  }

  void put_file(const std::string& name, Bytes bytes) {
    REQUIRE(wait(container.put({.name = {name}, .bytes = std::move(bytes), .replace = true}))
                .has_value());
  }
  void put_file(const std::string& name, std::string_view text) {
    put_file(name, Bytes(text.begin(), text.end()));
  }
  // `seconds` from 09:00 on that date, as one chunk.
  void put_recording(const std::string& folder, double seconds = 2, const std::string& call = "c") {
    put_file(folder + "0-audiowav.wav", seconds_of_wav(seconds));
    const auto date = folder.substr(0, 8);
    const auto start =
        date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6) + "T09:00:00Z";
    put_file(folder + "0-acsmetadata.json",
             metadata(start, static_cast<int>(seconds * 1000), 0, call));
  }

  ImportId ask(const char* from, const char* to, bool dry_run = false) {
    auto asked = wait(imports.request({.from = at(std::string(from) + "T00:00:00Z"),
                                       .to = at(std::string(to) + "T00:00:00Z"),
                                       .dry_run = dry_run}));
    REQUIRE(asked.has_value());
    return asked->made.id;
  }
  JobOutcome attempt(const ImportId& id) {
    Job job{.kind = import_recordings_job, .subject = id.text};
    job.deadline = at("2026-03-09T00:00:00Z");
    return wait(importer.run(job));
  }
  Import done(const ImportId& id) {
    const auto outcome = attempt(id);
    REQUIRE(std::holds_alternative<JobDone>(outcome));
    return *wait(imports.find(id));
  }
  Import run(const char* from = "2026-03-02", const char* to = "2026-03-02") {
    return done(ask(from, to));
  }
  std::vector<ImportItem> items(const ImportId& id) {
    return *wait(imports.items({.of = id, .folder = {}, .outcome = {}, .limit = 100}));
  }
  // Of the recording of ours, queued.
  int searches() {
    int found = 0;
    for (;;) {
      auto job = wait(store.lease("me", at("2026-03-06T00:00:00Z"), at("2026-03-07T00:00:00Z")));
      REQUIRE(job.has_value());
      if (!*job) return found;
      found += (*job)->kind == "discover_recording" && (*job)->subject == recording.id.text ? 1 : 0;
    }
  }
  std::vector<Recording> recordings() { return *wait(store.list_recordings({.limit = 100})); }
  Verdict verdict_of(const std::string& folder) {
    auto verdict = wait(store.verdict_of(imported_call_id(folder), std::nullopt));
    REQUIRE(verdict.has_value());
    REQUIRE(verdict->has_value());
    return **verdict;
  }

  WatchedContainer container{runtime.clock()};
  store::MemoryImportStore import_rows{store};
  RecordingImporter importer;
  Imports imports;
};

}  // namespace earshot::recording::testing
