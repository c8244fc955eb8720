#pragma once
// Ranges of some stored bytes, wherever they are: a chunk, a blob of our own, a run in the spool.

#include "base/task.hpp"
#include "ports/blob_store.hpp"
#include "ports/chunk_source.hpp"
#include "ports/tap_spool.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace earshot::recording {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At most `length` bytes, fewer at the end. `conflict` when the bytes are no longer those that
  // were opened.
  virtual Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) = 0;
};

// What each refers to outlives it.
class ChunkBytes : public ByteSource {
 public:
  ChunkBytes(ChunkSource& source, BlobName name, std::string etag)
      : source_(source), name_(std::move(name)), etag_(std::move(etag)) {}
  Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) override {
    return source_.read(name_, offset, length, etag_);
  }

 private:
  ChunkSource& source_;
  BlobName name_;
  std::string etag_;
};

class BlobBytes : public ByteSource {
 public:
  BlobBytes(BlobStore& blobs, BlobName name, std::string etag)
      : blobs_(blobs), name_(std::move(name)), etag_(std::move(etag)) {}
  Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) override {
    return blobs_.read(name_, offset, length, etag_);
  }

 private:
  BlobStore& blobs_;
  BlobName name_;
  std::string etag_;
};

class SpoolBytes : public ByteSource {
 public:
  SpoolBytes(TapSpool& spool, ContextId call, std::uint32_t run, SpoolKind kind)
      : spool_(spool), call_(std::move(call)), run_(run), kind_(kind) {}
  Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) override {
    return spool_.read(call_, run_, kind_, offset, length);
  }

 private:
  TapSpool& spool_;
  ContextId call_;
  std::uint32_t run_;
  SpoolKind kind_;
};

}  // namespace earshot::recording
