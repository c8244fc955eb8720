#pragma once
// For tests: a store of blobs in front of another, in which something can come in between just
// before a blob goes, and which refuses what it is told to refuse.

#include "ports/blob_store.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace earshot::recording::testing {

class WatchedBlobs : public BlobStore {
 public:
  explicit WatchedBlobs(BlobStore& inner) : inner_(inner) {}

  Task<Result<void>> put(BlobWrite write) override { return inner_.put(std::move(write)); }
  Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                           std::string etag) override {
    return inner_.read(std::move(name), offset, length, std::move(etag));
  }
  Task<Result<BlobInfo>> info(BlobName name) override { return inner_.info(std::move(name)); }
  Task<Result<BlobPage>> list(BlobListRequest request) override {
    return inner_.list(std::move(request));
  }
  Task<Result<void>> remove(BlobName name) override {
    if (const auto found = refused_removals.find(name.text); found != refused_removals.end())
      co_return Failure(found->second);
    if (before_removal) {
      auto done = co_await before_removal(name);
      if (!done) co_return done;
    }
    co_return co_await inner_.remove(std::move(name));
  }
  Task<Result<void>> stage_block(BlobName name, std::uint32_t number, Bytes bytes) override {
    return inner_.stage_block(std::move(name), number, std::move(bytes));
  }
  Task<Result<void>> commit_blocks(BlobName name, std::uint32_t count,
                                   std::string content_type) override {
    return inner_.commit_blocks(std::move(name), count, std::move(content_type));
  }
  Task<Result<TierChange>> set_tier(BlobName name, StorageTier tier) override {
    return inner_.set_tier(std::move(name), tier);
  }
  Task<Result<BlobTags>> tags(BlobName name) override {
    if (const auto found = refused_tags.find(name.text); found != refused_tags.end())
      co_return Failure(found->second);
    co_return co_await inner_.tags(std::move(name));
  }
  Task<Result<void>> set_tags(BlobName name, BlobTags tags) override {
    return inner_.set_tags(std::move(name), std::move(tags));
  }
  Task<Result<void>> set_legal_hold(BlobName name, bool on) override {
    return inner_.set_legal_hold(std::move(name), on);
  }

  std::function<Task<Result<void>>(BlobName)> before_removal;
  std::map<std::string, Error> refused_removals;  // by name
  std::map<std::string, Error> refused_tags;

 private:
  BlobStore& inner_;
};

}  // namespace earshot::recording::testing
