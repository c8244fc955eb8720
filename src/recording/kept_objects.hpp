#pragma once
// What is there of a call: its blobs, found by the prefixes of its own folders, so that the cost
// does not grow with the container; its spool files; its rows. What stands in those folders under a
// name that neither ACS nor Earshot gives is nobody's here, and is never touched. Nor is a folder
// with a chunk that another call's rows name as well: it goes with the last call that names it.

#include "domain/retention.hpp"
#include "ports/blob_store.hpp"
#include "ports/call_store.hpp"
#include "ports/file_locations.hpp"
#include "ports/folder_claims.hpp"
#include "ports/merge_store.hpp"
#include "ports/tap_spool.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::recording {

enum class KeptWhere { blob, spool, rows };

struct KeptItem {
  KeptObject object;
  KeptWhere where = KeptWhere::blob;
  std::string etag;       // of a blob
  std::uint32_t run = 0;  // of the spool
};

struct KeptOfCall {
  std::vector<KeptItem> items;
  std::vector<std::string> unknown;  // blobs of the folders that are nobody's
  std::vector<KeptItem> shared;      // blobs of folders that are another call's too
  std::string called;                // "": its numbers are gone
  std::vector<KeptObject> objects() const;
};

// By the last segment of its name; none: not ours.
std::optional<KeptKind> kept_kind_of(std::string_view blob_name);

// Up to and with the last "/"; "" when there is none.
std::string folder_of(std::string_view blob_name);

class KeptObjects {
 public:
  // All outlive this.
  KeptObjects(CallStore& store, MergeStore& merges, FileLocations& files, FolderClaims& claims,
              BlobStore& blobs, TapSpool& spool)
      : store_(store),
        merges_(merges),
        files_(files),
        claims_(claims),
        blobs_(blobs),
        spool_(spool) {}

  // `folders`: where else to look, each with a trailing "/".
  Task<Result<KeptOfCall>> of(Call call, std::set<std::string> folders = {});

 private:
  Task<Result<void>> add_folders(Call call, KeptOfCall* kept, std::set<std::string>* folders);
  Task<Result<void>> list(std::string folder, ContextId call, KeptOfCall* kept);
  Task<Result<bool>> is_shared(const std::vector<KeptItem>* items, ContextId call);
  Task<Result<void>> add_rows(ContextId call, KeptOfCall* kept);
  Task<Result<void>> add_spool(ContextId call, KeptOfCall* kept);

  CallStore& store_;
  MergeStore& merges_;
  FileLocations& files_;
  FolderClaims& claims_;
  BlobStore& blobs_;
  TapSpool& spool_;
};

}  // namespace earshot::recording
