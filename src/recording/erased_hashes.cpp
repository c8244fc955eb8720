#include "recording/erased_hashes.hpp"

#include "base/crypto.hpp"
#include "recording/chunk_name.hpp"
#include "recording/manifest.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

bool holds_numbers_or_words(const KeptItem& item) {
  if (item.object.kind == KeptKind::transcripts) return true;
  const auto chunk = parse_chunk_name(item.object.name);
  if (chunk) return chunk->file == ChunkFile::metadata;
  // A second copy's metadata.
  return item.object.kind == KeptKind::chunks && item.object.name.ends_with(".json");
}

// Why its hash is not looked for in its bytes; "": it may be.
std::string why_not_read(const KeptItem& item, std::uint64_t left) {
  if (item.where == KeptWhere::spool) return "it was on the service's own disk only";
  if (holds_numbers_or_words(item)) return "it held numbers or words, which a hash would give away";
  if (item.object.tier == StorageTier::archive) return "it was in the archive";
  if (item.object.bytes > hashed_blob_bytes_max || item.object.bytes > left)
    return "no hash of it was known, and it was too large to be read for one";
  return "";
}

bool is_newest_manifest(const KeptItem& item) {
  return item.object.name.ends_with("/manifest.json");
}

}  // namespace

ErasedHashes::ErasedHashes(CallStore& store, MergeStore& merges, BlobStore& blobs,
                           std::vector<Bytes> manifest_keys)
    : store_(store), merges_(merges), blobs_(blobs), manifest_keys_(std::move(manifest_keys)) {}

Task<Result<std::vector<ErasedBlob>>> ErasedHashes::complete(ContextId call, KeptOfCall kept,
                                                             std::vector<ErasedBlob> found) {
  KnownByName known;
  co_await add_manifests(&kept, &known);
  if (auto added = co_await add_rows(std::move(call), &known); !added)
    co_return Failure(added.error());
  auto left = hashed_call_bytes_max;
  for (auto& blob : found) {
    const auto item = std::ranges::find_if(kept.items, [&](const KeptItem& one) {
      return one.where != KeptWhere::rows && one.object.name == blob.name;
    });
    if (item == kept.items.end()) continue;
    const auto told = known.find(blob.name);
    // A file that was written again since is not the one that was hashed.
    if (told != known.end() && !told->second.sha256.empty() && told->second.bytes == blob.bytes &&
        (told->second.etag.empty() || told->second.etag == blob.etag)) {
      blob.sha256 = told->second.sha256;
      blob.hash_note = told->second.from;
    } else {
      co_await read(&*item, &blob, &left);
    }
  }
  co_return found;
}

// The newest last, so that it has the last word.
Task<void> ErasedHashes::add_manifests(const KeptOfCall* kept, KnownByName* known) {
  std::vector<const KeptItem*> manifests;
  for (const bool newest : {false, true})
    for (const auto& item : kept->items)
      if (item.object.kind == KeptKind::manifests && item.where == KeptWhere::blob &&
          item.object.bytes <= manifest_bytes_max && is_newest_manifest(item) == newest)
        manifests.push_back(&item);
  if (manifests.size() > hashed_manifests_max)
    manifests.erase(manifests.begin(), manifests.end() - hashed_manifests_max);
  for (const auto* item : manifests) {
    const BlobName name{item->object.name};
    auto bytes = co_await blobs_.read(name, 0, item->object.bytes, item->etag);
    if (!bytes) continue;
    const auto claims = check_manifest(as_text(*bytes), manifest_keys_);
    if (!claims) continue;
    for (const auto& file : claims->files)
      (*known)[file.blob] = {
          .bytes = file.bytes, .etag = {}, .sha256 = file.sha256, .from = "manifest"};
  }
}

Task<Result<void>> ErasedHashes::add_rows(ContextId call, KnownByName* known) {
  auto recordings = co_await store_.recordings_of(std::move(call));
  if (!recordings) co_return Failure(recordings.error());
  for (const auto& recording : *recordings) {
    auto chunks = co_await store_.chunks_of(recording.id);
    if (!chunks) co_return Failure(chunks.error());
    for (const auto& chunk : *chunks)
      if (const auto told = known->find(chunk.audio.text); told != known->end())
        told->second.etag = chunk.etag;
    auto merges = co_await merges_.merges_of(recording.id);
    if (!merges) co_return Failure(merges.error());
    for (const auto& merge : *merges)
      if (merge.state == MergeState::done)
        (*known)[merge.blob.text] = {
            .bytes = merge.bytes_total, .etag = {}, .sha256 = merge.sha256, .from = "merge"};
  }
  co_return ok();
}

Task<void> ErasedHashes::read(const KeptItem* item, ErasedBlob* blob, std::uint64_t* left) {
  blob->hash_note = why_not_read(*item, *left);
  if (!blob->hash_note.empty()) co_return;
  *left -= item->object.bytes;
  const BlobName name{item->object.name};
  auto bytes = co_await blobs_.read(name, 0, item->object.bytes, item->etag);
  if (!bytes || bytes->size() != item->object.bytes) {
    blob->hash_note = "it could not be read";
    co_return;
  }
  blob->sha256 = crypto::to_hex(crypto::sha256(*bytes));
  blob->hash_note = "read";
}

}  // namespace earshot::recording
