#pragma once
// Blobs in memory, for tests and for a service that is to keep nothing. Behaves as the others do;
// also fails, hides and counts when a test says so. Thread-safe.

#include "base/clock.hpp"
#include "ports/blob_store.hpp"

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace earshot::blob {

class MemoryBlobStore : public BlobStore {
 public:
  explicit MemoryBlobStore(Clock& clock) : clock_(clock) {}

  Task<Result<void>> put(BlobWrite write) override;
  Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                           std::string etag) override;
  Task<Result<BlobInfo>> info(BlobName name) override;
  Task<Result<BlobPage>> list(BlobListRequest request) override;
  Task<Result<void>> remove(BlobName name) override;
  Task<Result<void>> stage_block(BlobName name, std::uint32_t number, Bytes bytes) override;
  Task<Result<void>> commit_blocks(BlobName name, std::uint32_t count,
                                   std::string content_type) override;
  Task<Result<TierChange>> set_tier(BlobName name, StorageTier tier) override;
  Task<Result<BlobTags>> tags(BlobName name) override;
  Task<Result<void>> set_tags(BlobName name, BlobTags tags) override;
  Task<Result<void>> set_legal_hold(BlobName name, bool on) override;

  // For tests.
  struct Calls {
    int puts = 0, reads = 0, infos = 0, lists = 0, removes = 0, stages = 0, commits = 0;
    int tierings = 0, taggings = 0, holdings = 0;
    std::uint64_t bytes_read = 0;
  };
  Calls calls() const;
  // Tags are refused from now on, as where the role lacks the right to them.
  void refuse_tags();
  // What is on its way out of the archive arrives, where otherwise it never would.
  void finish_rehydration();
  // The next `count` operations of any kind fail with `error`.
  void fail_next(int count, Error error);

 private:
  struct Blob {
    Bytes bytes;
    std::string content_type;
    std::string etag;
    WallTime modified_at{};
    std::uint32_t blocks = 0;  // of which it was committed; 0 = put whole
    StorageTier tier = StorageTier::hot;
    std::optional<StorageTier> rehydrating_to;
    BlobTags tags;
    bool legal_hold = false;
  };
  std::optional<Error> next_failure();
  // The blob, or why there is none.
  Result<Blob*> find(const BlobName& name);
  void store(const BlobName& name, Bytes bytes, std::string content_type, std::uint32_t blocks);
  BlobInfo info_of(const std::string& name, const Blob& blob) const;

  Clock& clock_;
  mutable std::mutex mutex_;  // guards all below; never held over a co_await
  std::map<std::string, Blob> blobs_;
  std::map<std::string, std::map<std::uint32_t, Bytes>> staged_;
  std::uint64_t writes_ = 0;
  Calls calls_;
  int failures_left_ = 0;
  Error failure_;
  bool tags_refused_ = false;
};

}  // namespace earshot::blob
