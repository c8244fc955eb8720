#pragma once
// Blobs as files under one folder: the embedded default, and what any other program can read or
// write too. A name is the path below the folder. Every write is a temporary file, fsync, rename,
// so that a reader sees all of a blob or none of it, whatever crashes.
//
// Narrower than Azure: a name cannot be a file and a folder at once (`conflict`), segments have at
// most 255 bytes, and a segment that begins with "." is refused and never listed, because staged
// blocks and temporary files live in ".earshot". The content type is not kept, but told from the
// name's ending. The etag is size, time of change and inode. A folder has neither tiers nor tags
// nor legal holds: these are "not supported".
//
// Disk work runs on the Offload. Safe to use from several threads and processes at once; two that
// stage blocks of one name must be one uploader.

#include "base/executor.hpp"
#include "base/random.hpp"
#include "ports/blob_store.hpp"

#include <filesystem>
#include <string>

namespace earshot::blob {

struct DirectoryBlobStoreOptions {
  std::filesystem::path folder;  // made when it is not there
  bool sync = true;              // false: no fsync; for tests only
};

class DirectoryBlobStore : public BlobStore {
 public:
  // Offload and random outlive this.
  DirectoryBlobStore(DirectoryBlobStoreOptions options, Offload& offload, Random& random);

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

 private:
  // The blocking halves, run on the Offload.
  Result<void> put_now(const BlobWrite& write) const;
  Result<Bytes> read_now(const BlobName& name, std::uint64_t offset, std::uint64_t length,
                         const std::string& etag) const;
  Result<BlobInfo> info_now(const BlobName& name) const;
  Result<void> remove_now(const BlobName& name) const;
  Result<void> stage_now(const BlobName& name, std::uint32_t number, const Bytes& bytes) const;
  Result<void> commit_now(const BlobName& name, std::uint32_t count) const;
  // Renames a finished file to its name; false: something is there and `replace` is not set.
  Result<bool> place(const std::filesystem::path& from, const std::filesystem::path& to,
                     bool replace) const;
  Result<void> check(const BlobName& name) const;
  std::filesystem::path path_of(const BlobName& name) const;
  std::filesystem::path blocks_folder(const BlobName& name) const;
  std::filesystem::path temporary_path() const;

  DirectoryBlobStoreOptions options_;
  Offload& offload_;
  Random& random_;
};

}  // namespace earshot::blob
