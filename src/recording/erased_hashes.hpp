#pragma once
// The SHA-256 of what an erasure is about to remove: from the call's own signed manifests and from
// merges, which have it already; what is small is read once more. Numbers and words are not hashed:
// who has the hash of so short a text can find it by trying. Never a reason not to erase: what
// cannot be had is named, and why.

#include "domain/erasure.hpp"
#include "recording/kept_objects.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace earshot::recording {

// Read for its hash: one blob, all of a call.
inline constexpr std::uint64_t hashed_blob_bytes_max = 4 << 20;
inline constexpr std::uint64_t hashed_call_bytes_max = 16 << 20;
// Of those a call has, the newest; a manifest is written with each verdict.
inline constexpr std::size_t hashed_manifests_max = 20;

class ErasedHashes {
 public:
  // All outlive this. `manifest_keys`: public ones, of which one must have signed a manifest.
  ErasedHashes(CallStore& store, MergeStore& merges, BlobStore& blobs,
               std::vector<Bytes> manifest_keys);

  // Completes sha256 and hash_note of `found`, which is still there. `unavailable` when the
  // database is away.
  Task<Result<std::vector<ErasedBlob>>> complete(ContextId call, KeptOfCall kept,
                                                 std::vector<ErasedBlob> found);

 private:
  struct Known {
    std::uint64_t bytes = 0;
    std::string etag;  // "": not known
    std::string sha256;
    const char* from = "";
  };
  using KnownByName = std::map<std::string, Known, std::less<>>;
  Task<void> add_manifests(const KeptOfCall* kept, KnownByName* known);
  Task<Result<void>> add_rows(ContextId call, KnownByName* known);
  Task<void> read(const KeptItem* item, ErasedBlob* blob, std::uint64_t* left);

  CallStore& store_;
  MergeStore& merges_;
  BlobStore& blobs_;
  std::vector<Bytes> manifest_keys_;
};

}  // namespace earshot::recording
