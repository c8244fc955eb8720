#pragma once
// What ACS wrote, for tests of routes that open audio.

#include "ports/chunk_source.hpp"

#include <string>

namespace earshot::api {

// One blob: a WAV header of 44 bytes that nobody looks at, and ten bytes of samples.
class FixedSource : public ChunkSource {
 public:
  Task<Result<std::vector<FoundChunk>>> find(ChunkSearch) override {
    co_return std::vector<FoundChunk>{};
  }
  Task<Result<Bytes>> read(BlobName, std::uint64_t offset, std::uint64_t length,
                           std::string) override {
    const std::string part = (std::string(44, 'h') + "0123456789").substr(offset, length);
    co_return Bytes(part.begin(), part.end());
  }
};

}  // namespace earshot::api
