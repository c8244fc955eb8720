#include "blob/memory_blob_store.hpp"

#include "blob/detail/checks.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::blob {
namespace {

Failure held(const BlobName& name) {
  return Failure(Error{.kind = ErrorKind::conflict,
                       .message = fmt::format("{} is under a legal hold", name.text),
                       .code = "BlobImmutableDueToLegalHold"});
}

}  // namespace

Task<Result<void>> MemoryBlobStore::put(BlobWrite write) {
  std::lock_guard lock(mutex_);
  ++calls_.puts;
  if (auto failure = next_failure()) co_return Failure(*failure);
  if (auto checked = detail::check_write(write.name, write.bytes.size()); !checked)
    co_return checked;
  const auto found = blobs_.find(write.name.text);
  if (found != blobs_.end() && !write.replace) {
    if (found->second.bytes == write.bytes) co_return ok();
    co_return fail(ErrorKind::conflict, fmt::format("{} holds other bytes", write.name.text));
  }
  if (found != blobs_.end() && found->second.legal_hold) co_return held(write.name);
  store(write.name, std::move(write.bytes), std::move(write.content_type), 0);
  co_return ok();
}

Task<Result<Bytes>> MemoryBlobStore::read(BlobName name, std::uint64_t offset, std::uint64_t length,
                                          std::string etag) {
  std::lock_guard lock(mutex_);
  ++calls_.reads;
  if (auto failure = next_failure()) co_return Failure(*failure);
  if (auto checked = detail::check_name(name); !checked) co_return Failure(checked.error());
  if (auto checked = detail::check_read(length); !checked) co_return Failure(checked.error());
  const auto found = blobs_.find(name.text);
  if (found == blobs_.end())
    co_return fail(ErrorKind::not_found, fmt::format("no blob {}", name.text));
  const Blob& blob = found->second;
  if (!etag.empty() && etag != blob.etag)
    co_return fail(ErrorKind::conflict, fmt::format("{} has changed", name.text));
  if (blob.tier == StorageTier::archive)
    co_return Failure(Error{.kind = ErrorKind::conflict,
                            .message = fmt::format("{} is archived", name.text),
                            .code = blob_archived_code});
  const auto begin = std::min<std::uint64_t>(offset, blob.bytes.size());
  const auto end = begin + std::min<std::uint64_t>(length, blob.bytes.size() - begin);
  calls_.bytes_read += end - begin;
  co_return Bytes(blob.bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                  blob.bytes.begin() + static_cast<std::ptrdiff_t>(end));
}

Task<Result<BlobInfo>> MemoryBlobStore::info(BlobName name) {
  std::lock_guard lock(mutex_);
  ++calls_.infos;
  if (auto failure = next_failure()) co_return Failure(*failure);
  if (auto checked = detail::check_name(name); !checked) co_return Failure(checked.error());
  const auto found = blobs_.find(name.text);
  if (found == blobs_.end())
    co_return fail(ErrorKind::not_found, fmt::format("no blob {}", name.text));
  co_return info_of(found->first, found->second);
}

Task<Result<BlobPage>> MemoryBlobStore::list(BlobListRequest request) {
  std::lock_guard lock(mutex_);
  ++calls_.lists;
  if (auto failure = next_failure()) co_return Failure(*failure);
  BlobPage page;
  const auto wanted = static_cast<std::size_t>(detail::page_size(request));
  for (auto it = blobs_.lower_bound(std::max(request.prefix, request.marker)); it != blobs_.end();
       ++it) {
    const auto& [name, blob] = *it;
    if (!name.starts_with(request.prefix)) break;
    const auto folder = request.by_folder ? detail::folder_below(name, request.prefix) : "";
    const auto& key = folder.empty() ? name : folder;
    if (!request.marker.empty() && key <= request.marker) continue;
    if (!folder.empty() && !page.prefixes.empty() && page.prefixes.back() == folder) continue;
    if (page.blobs.size() + page.prefixes.size() == wanted) {
      page.next_marker = [&] {
        const auto& last_blob = page.blobs.empty() ? std::string{} : page.blobs.back().name.text;
        return page.prefixes.empty() ? last_blob : std::max(last_blob, page.prefixes.back());
      }();
      break;
    }
    if (folder.empty())
      page.blobs.push_back(info_of(name, blob));
    else
      page.prefixes.push_back(folder);
  }
  co_return page;
}

Task<Result<void>> MemoryBlobStore::remove(BlobName name) {
  std::lock_guard lock(mutex_);
  ++calls_.removes;
  if (auto failure = next_failure()) co_return Failure(*failure);
  if (auto checked = detail::check_name(name); !checked) co_return checked;
  const auto found = blobs_.find(name.text);
  if (found == blobs_.end()) co_return ok();
  if (found->second.legal_hold) co_return held(name);
  blobs_.erase(found);
  co_return ok();
}

Task<Result<void>> MemoryBlobStore::stage_block(BlobName name, std::uint32_t number, Bytes bytes) {
  std::lock_guard lock(mutex_);
  ++calls_.stages;
  if (auto failure = next_failure()) co_return Failure(*failure);
  if (auto checked = detail::check_block(name, number, bytes.size()); !checked) co_return checked;
  staged_[name.text][number] = std::move(bytes);
  co_return ok();
}

Task<Result<void>> MemoryBlobStore::commit_blocks(BlobName name, std::uint32_t count,
                                                  std::string content_type) {
  std::lock_guard lock(mutex_);
  ++calls_.commits;
  if (auto failure = next_failure()) co_return Failure(*failure);
  if (auto checked = detail::check_name(name); !checked) co_return checked;
  const auto present = blobs_.find(name.text);
  const auto staged = staged_.find(name.text);
  if (staged == staged_.end() && count > 0 && present != blobs_.end() &&
      present->second.blocks == count)
    co_return ok();
  if (present != blobs_.end() && present->second.legal_hold) co_return held(name);
  Bytes whole;
  for (std::uint32_t number = 0; number < count; ++number) {
    if (staged == staged_.end() || !staged->second.contains(number))
      co_return fail(ErrorKind::invalid,
                     fmt::format("block {} of {} was never staged", number, name.text));
    const auto& block = staged->second[number];
    whole.insert(whole.end(), block.begin(), block.end());
  }
  if (staged != staged_.end()) staged_.erase(staged);
  store(name, std::move(whole), std::move(content_type), count);
  co_return ok();
}

Result<MemoryBlobStore::Blob*> MemoryBlobStore::find(const BlobName& name) {
  if (auto failure = next_failure()) return Failure(*failure);
  if (auto checked = detail::check_name(name); !checked) return Failure(checked.error());
  const auto found = blobs_.find(name.text);
  if (found == blobs_.end())
    return fail(ErrorKind::not_found, fmt::format("no blob {}", name.text));
  return &found->second;
}

Task<Result<TierChange>> MemoryBlobStore::set_tier(BlobName name, StorageTier tier) {
  std::lock_guard lock(mutex_);
  ++calls_.tierings;
  auto blob = find(name);
  if (!blob) co_return Failure(blob.error());
  if ((*blob)->tier == StorageTier::archive && tier != StorageTier::archive) {
    (*blob)->rehydrating_to = tier;
    co_return TierChange::started;
  }
  (*blob)->tier = tier;
  co_return TierChange::done;
}

Task<Result<BlobTags>> MemoryBlobStore::tags(BlobName name) {
  std::lock_guard lock(mutex_);
  auto blob = find(name);
  if (!blob) co_return Failure(blob.error());
  if (tags_refused_) co_return fail(ErrorKind::refused, "no right to index tags");
  co_return (*blob)->tags;
}

Task<Result<void>> MemoryBlobStore::set_tags(BlobName name, BlobTags tags) {
  std::lock_guard lock(mutex_);
  ++calls_.taggings;
  if (auto checked = detail::check_tags(tags); !checked) co_return checked;
  auto blob = find(name);
  if (!blob) co_return Failure(blob.error());
  if (tags_refused_) co_return fail(ErrorKind::refused, "no right to index tags");
  (*blob)->tags = std::move(tags);
  co_return ok();
}

Task<Result<void>> MemoryBlobStore::set_legal_hold(BlobName name, bool on) {
  std::lock_guard lock(mutex_);
  ++calls_.holdings;
  auto blob = find(name);
  if (!blob) co_return Failure(blob.error());
  (*blob)->legal_hold = on;
  co_return ok();
}

void MemoryBlobStore::refuse_tags() {
  std::lock_guard lock(mutex_);
  tags_refused_ = true;
}

void MemoryBlobStore::finish_rehydration() {
  std::lock_guard lock(mutex_);
  for (auto& [name, blob] : blobs_)
    if (blob.rehydrating_to) {
      blob.tier = *blob.rehydrating_to;
      blob.rehydrating_to.reset();
    }
}

MemoryBlobStore::Calls MemoryBlobStore::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

void MemoryBlobStore::fail_next(int count, Error error) {
  std::lock_guard lock(mutex_);
  failures_left_ = count;
  failure_ = std::move(error);
}

std::optional<Error> MemoryBlobStore::next_failure() {
  if (failures_left_ == 0) return std::nullopt;
  --failures_left_;
  return failure_;
}

void MemoryBlobStore::store(const BlobName& name, Bytes bytes, std::string content_type,
                            std::uint32_t blocks) {
  Blob& blob = blobs_[name.text];
  blob = Blob{.bytes = std::move(bytes),
              .content_type = std::move(content_type),
              .etag = fmt::format("{:#x}", ++writes_),
              .modified_at = clock_.wall_now(),
              .blocks = blocks};
}

BlobInfo MemoryBlobStore::info_of(const std::string& name, const Blob& blob) const {
  return {.name = {name},
          .bytes = blob.bytes.size(),
          .etag = blob.etag,
          .modified_at = blob.modified_at,
          .content_type = blob.content_type,
          .tier = blob.tier,
          .rehydrating_to = blob.rehydrating_to};
}

}  // namespace earshot::blob
