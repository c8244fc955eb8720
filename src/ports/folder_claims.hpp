#pragma once
// Whose a folder of the recordings' container is: by the rows that name its files, and else the
// recordings that may still lie there. Implementations: those of CallStore. Thread-safe.

#include "base/task.hpp"
#include "domain/folder_claim.hpp"

#include <vector>

namespace earshot {

struct FileOwner {
  ContextId call;
  RecordingId recording;
  bool is_imported = false;
  bool operator==(const FileOwner&) const = default;
};

// Recordings that ran at a time.
struct ClaimantQuery {
  WallTime at{};
  Duration slack{0};           // before their request and after their end
  WallTime requested_since{};  // earlier ones are not looked at
  int limit = 1'000;
};

class FolderClaims {
 public:
  virtual ~FolderClaims() = default;
  // The recordings of which a stored chunk has this audio, the first that found it first.
  virtual Task<Result<std::vector<FileOwner>>> owners_of(BlobName audio) = 0;
  // Recordings of ours in the customer's container of which nobody knows a folder: they run, are
  // looked for, or were given up as missing. One that ACS could not start is none. Newest first.
  virtual Task<Result<std::vector<FolderClaimant>>> claimants(ClaimantQuery query) = 0;
};

}  // namespace earshot
