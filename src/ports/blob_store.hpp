#pragma once
// Names and bytes, nothing of recordings. Implementations: blob/azure_blob_store,
// blob/directory_blob_store, blob/memory_blob_store. A container is fixed at construction.

#include "base/bytes.hpp"
#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"

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
};

}  // namespace earshot
