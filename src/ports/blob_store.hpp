#pragma once
// Names and bytes, nothing of recordings. Implementations: blob/azure_blob_store,
// blob/directory_blob_store, blob/memory_blob_store. A container is fixed at construction.

#include "base/bytes.hpp"
#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"
#include "domain/storage_tier.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

struct BlobInfo {
  BlobName name;
  std::uint64_t bytes = 0;
  std::string etag;  // unquoted, opaque; changes with every write
  WallTime modified_at{};
  std::string content_type;
  std::optional<StorageTier> tier;  // none: the store has no tiers
  // On its way out of the archive, which takes hours; until then it cannot be read.
  std::optional<StorageTier> rehydrating_to;
};

struct BlobPage {
  std::vector<BlobInfo> blobs;
  // With a delimiter: the names up to and with it, once each.
  std::vector<std::string> prefixes;
  std::string next_marker;  // "" = that was all
};

struct BlobListRequest {
  std::string prefix;
  bool by_folder = false;  // delimiter "/"
  std::string marker;
  int page_size_max = 1000;
};

struct BlobWrite {
  BlobName name;
  Bytes bytes;
  std::string content_type = "application/octet-stream";
  bool replace = false;  // false: `conflict` if the name holds other bytes; the same bytes succeed
};

// Index tags: at most ten, keys of 1 to 128 and values of up to 256 of A-Z a-z 0-9 space + - . / :
// = _
using BlobTags = std::map<std::string, std::string>;

enum class TierChange {
  done,
  started,  // out of the archive: hours later; `info` tells
};

// Codes of errors that callers branch on.
inline constexpr const char* blob_not_supported_code = "NotSupported";
inline constexpr const char* blob_archived_code = "BlobArchived";

// The store, or the account behind it, has no such thing. (Lack of rights is ErrorKind::refused.)
inline bool is_not_supported(const Error& error) { return error.code == blob_not_supported_code; }
// Its bytes cannot be read before it has been brought back from the archive.
inline bool is_archived(const Error& error) { return error.code == blob_archived_code; }
inline bool is_archived(const BlobInfo& blob) { return blob.tier == StorageTier::archive; }

class BlobStore {
 public:
  virtual ~BlobStore() = default;
  virtual Task<Result<void>> put(BlobWrite write) = 0;
  // At most `length` bytes from `offset`; fewer at the end, none past it. `conflict` when `etag` is
  // given and no longer that of the blob.
  virtual Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                                   std::string etag) = 0;
  virtual Task<Result<BlobInfo>> info(BlobName name) = 0;
  // One page, names ascending.
  virtual Task<Result<BlobPage>> list(BlobListRequest request) = 0;
  virtual Task<Result<void>> remove(BlobName name) = 0;  // succeeds when it is already gone

  // A blob made of blocks while they appear: staged blocks are invisible until committed. Block
  // numbers from 0, any order, staging one again replaces it; the commit names how many there are.
  virtual Task<Result<void>> stage_block(BlobName name, std::uint32_t number, Bytes bytes) = 0;
  virtual Task<Result<void>> commit_blocks(BlobName name, std::uint32_t count,
                                           std::string content_type) = 0;

  // How a blob is kept, apart from its bytes; none of it changes the etag. Each may be
  // `is_not_supported`, or `refused` where only the right to it is lacking. What is in the archive
  // answers reads with `is_archived`; it can be looked at and removed.
  virtual Task<Result<TierChange>> set_tier(BlobName name, StorageTier tier) = 0;
  virtual Task<Result<BlobTags>> tags(BlobName name) = 0;
  virtual Task<Result<void>> set_tags(BlobName name, BlobTags tags) = 0;  // replaces all
  // While it is on, the store itself refuses to remove or replace the blob (`conflict`).
  virtual Task<Result<void>> set_legal_hold(BlobName name, bool on) = 0;
};

}  // namespace earshot
