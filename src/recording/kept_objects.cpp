#include "recording/kept_objects.hpp"

#include "recording/chunk_name.hpp"
#include "recording/fetched_names.hpp"
#include "recording/tap_uploader.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>
#include <utility>

namespace earshot::recording {
namespace {

// A call of days has some dozens of blobs; a store that repeats its marker ends here.
constexpr int pages_max = 100;

struct Prefix {
  std::string_view text;
  KeptKind kind;
};
constexpr std::array prefixes{
    Prefix{"tap-", KeptKind::tap},           Prefix{"ledger-", KeptKind::ledger},
    Prefix{"repair-", KeptKind::repairs},    Prefix{"manifest-", KeptKind::manifests},
    Prefix{"merged-", KeptKind::merged},     Prefix{"transcript-", KeptKind::transcripts},
    Prefix{"second-copy-", KeptKind::chunks}};

KeptItem rows_of(KeptKind kind, std::string name, std::size_t count) {
  return {.object = {.kind = kind, .name = std::move(name), .bytes = count, .tier = {}},
          .where = KeptWhere::rows,
          .etag = {}};
}

void add_folder_of(const BlobName& blob, std::set<std::string>& folders) {
  if (auto folder = folder_of(blob.text); !folder.empty()) folders.insert(std::move(folder));
}

}  // namespace

std::vector<KeptObject> KeptOfCall::objects() const {
  std::vector<KeptObject> all;
  all.reserve(items.size());
  for (const auto& item : items) all.push_back(item.object);
  return all;
}

std::optional<KeptKind> kept_kind_of(std::string_view blob_name) {
  if (parse_chunk_name(blob_name)) return KeptKind::chunks;
  const auto name = blob_name.substr(blob_name.rfind('/') + 1);
  if (name == "manifest.json") return KeptKind::manifests;
  if (name == "transcript.json" || name == "transcript.vtt") return KeptKind::transcripts;
  for (const auto& prefix : prefixes)
    if (name.starts_with(prefix.text)) return prefix.kind;
  return std::nullopt;
}

std::string folder_of(std::string_view blob_name) {
  return std::string(blob_name.substr(0, blob_name.rfind('/') + 1));
}

Task<Result<KeptOfCall>> KeptObjects::of(Call call, std::set<std::string> folders) {
  KeptOfCall kept;
  const auto id = call.id;
  // The spool first: what has left it by now is in storage, and seen there.
  if (auto added = co_await add_spool(id, &kept); !added) co_return Failure(added.error());
  if (auto added = co_await add_folders(std::move(call), &kept, &folders); !added)
    co_return Failure(added.error());
  for (const auto& folder : folders)
    if (auto listed = co_await list(folder, id, &kept); !listed) co_return Failure(listed.error());
  if (auto added = co_await add_rows(id, &kept); !added) co_return Failure(added.error());
  co_return kept;
}

Task<Result<void>> KeptObjects::add_folders(Call call, KeptOfCall* kept,
                                            std::set<std::string>* into) {
  auto& folders = *into;
  folders.insert(witness_folder(call.received_at, call.id));
  auto recordings = co_await store_.recordings_of(call.id);
  if (!recordings) co_return Failure(recordings.error());
  std::size_t chunk_rows = 0;
  std::size_t merge_rows = 0;
  for (const auto& recording : *recordings) {
    if (!recording.folder.empty()) folders.insert(recording.folder);
    // What was fetched from ACS while the recording's own folder was not known yet.
    folders.insert(fetched_folder(recording, call));
    auto files = co_await files_.files_of(recording.id);
    if (!files) co_return Failure(files.error());
    for (const auto& file : *files) {
      add_folder_of(file.fetch.audio, folders);
      add_folder_of(file.fetch.metadata, folders);
    }
    auto chunks = co_await store_.chunks_of(recording.id);
    if (!chunks) co_return Failure(chunks.error());
    chunk_rows += chunks->size();
    for (const auto& chunk : *chunks) {
      add_folder_of(chunk.audio, folders);
      add_folder_of(chunk.metadata, folders);
    }
    auto merges = co_await merges_.merges_of(recording.id);
    if (!merges) co_return Failure(merges.error());
    merge_rows += merges->size();
    for (const auto& merge : *merges) add_folder_of(merge.blob, folders);
  }
  if (chunk_rows > 0) kept->items.push_back(rows_of(KeptKind::chunks, "rows: chunks", chunk_rows));
  if (merge_rows > 0) kept->items.push_back(rows_of(KeptKind::merged, "rows: merges", merge_rows));
  co_return ok();
}

// Not what stands in folders below it, which may be others'.
Task<Result<void>> KeptObjects::list(std::string folder, ContextId call, KeptOfCall* kept) {
  std::vector<KeptItem> items;
  BlobListRequest request{.prefix = folder, .by_folder = true};
  for (int page = 0; page < pages_max; ++page) {
    auto listed = co_await blobs_.list(request);
    if (!listed) co_return fail(fmt::format("listing {}", folder), listed.error());
    for (auto& blob : listed->blobs) {
      const auto kind = kept_kind_of(blob.name.text);
      if (!kind) {
        kept->unknown.push_back(std::move(blob.name.text));
        continue;
      }
      items.push_back({.object = {.kind = *kind,
                                  .name = std::move(blob.name.text),
                                  .bytes = blob.bytes,
                                  .tier = blob.tier},
                       .where = KeptWhere::blob,
                       .etag = std::move(blob.etag)});
    }
    request.marker = listed->next_marker;
    if (request.marker.empty()) break;
  }
  auto shared = co_await is_shared(&items, std::move(call));
  if (!shared) co_return Failure(shared.error());
  std::ranges::move(items, std::back_inserter(*shared ? kept->shared : kept->items));
  co_return ok();
}

// Another call's rows name a chunk of it: what lies beside that chunk may be that call's as well.
Task<Result<bool>> KeptObjects::is_shared(const std::vector<KeptItem>* items, ContextId call) {
  for (const auto& item : *items) {
    if (!parse_chunk_name(item.object.name)) continue;
    auto owners = co_await claims_.owners_of({item.object.name});
    if (!owners) co_return fail("look for a blob's owners", owners.error());
    if (std::ranges::any_of(*owners, [&](const FileOwner& owner) { return owner.call != call; }))
      co_return true;
  }
  co_return false;
}

Task<Result<void>> KeptObjects::add_rows(ContextId call, KeptOfCall* kept) {
  auto turns = co_await store_.turns_of(call);
  if (!turns) co_return Failure(turns.error());
  if (!turns->empty())
    kept->items.push_back(rows_of(KeptKind::transcripts, "rows: turns", turns->size()));
  auto personal = co_await store_.load_personal(call);
  if (!personal && personal.error().kind != ErrorKind::not_found)
    co_return Failure(personal.error());
  if (!personal) co_return ok();
  kept->called = retention_number(personal->called);
  kept->items.push_back(rows_of(KeptKind::personal, "rows: numbers and names", 1));
  co_return ok();
}

Task<Result<void>> KeptObjects::add_spool(ContextId call, KeptOfCall* kept) {
  auto runs = co_await spool_.runs(call);
  if (!runs) co_return Failure(runs.error());
  for (const auto& run : *runs)
    kept->items.push_back({.object = {.kind = KeptKind::spool,
                                      .name = fmt::format("spool: run {}", run.run),
                                      .bytes = run.tap_bytes + run.ledger_bytes,
                                      .tier = {}},
                           .where = KeptWhere::spool,
                           .etag = {},
                           .run = run.run});
  co_return ok();
}

}  // namespace earshot::recording
