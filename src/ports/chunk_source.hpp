#pragma once
// Where the chunks of a recording can be found: the customer's container
// (recording/byos_chunk_source over a BlobStore) or ACS's own storage (acs, service-managed).

#include "base/bytes.hpp"
#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/call.hpp"
#include "domain/recording.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot {

struct FoundChunk {
  ChunkIndex index;
  BlobName audio;     // empty: only metadata was found
  BlobName metadata;  // empty: none
  std::string document_id;
  std::uint64_t bytes = 0;
  std::string etag;
  std::string folder;  // with a trailing "/"
};

struct ChunkSearch {
  Recording recording;
  Call call;
  WallTime now{};
};

class ChunkSource {
 public:
  virtual ~ChunkSource() = default;
  // What is there now, by index; empty is a success. Duplicated exports of one index are all
  // listed.
  virtual Task<Result<std::vector<FoundChunk>>> find(ChunkSearch search) = 0;
  virtual Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                                   std::string etag) = 0;
};

}  // namespace earshot
