#pragma once
// What somebody asks of imports: one to be made, and how far they are. The making is
// recording_importer.hpp's.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "ports/file_locations.hpp"
#include "ports/folder_claims.hpp"
#include "ports/import_store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

inline constexpr const char* import_recordings_job = "import_recordings";

struct ImportsOptions {
  // Waiting and running ones; one more is refused until some are done.
  int unfinished_max = 5;
  int days_max = 3'660;  // dates in one import
  // After this time an import that still cannot be made has failed.
  Duration deadline = std::chrono::hours(72);
  // So long an import that is over is told of; what it imported stays. With each request so many
  // that are older go.
  Duration keep_for = std::chrono::days(90);
  int purged_at_once = 100;
};

struct ImportServices {
  CallStore& store;
  ImportStore& imports;
  FileLocations& files;
  FolderClaims& claims;
  Clock& clock;
  Random& random;
  Counters& counters;
  Log& log;
};

struct ImportRequest {
  WallTime from{};             // any time of the first date
  std::optional<WallTime> to;  // of the last one; nullopt: today
  bool dry_run = false;
};

struct RequestedImport {
  Import made;
  bool is_new = false;  // false: one for the same dates waits or runs already
};

class Imports {
 public:
  // All that `services` names outlives this.
  explicit Imports(ImportServices services, ImportsOptions options = {});

  // Durable when it returns. `invalid`: dates in the wrong order, in the future or too many;
  // `unavailable` with status 429 when too many wait.
  Task<Result<RequestedImport>> request(ImportRequest wanted);
  Task<Result<Import>> find(ImportId id);             // `not_found`
  Task<Result<std::vector<Import>>> list(int limit);  // newest first
  Task<Result<std::vector<ImportItem>>> items(ImportItemQuery query);

 private:
  Task<void> purge();

  ImportServices services_;
  ImportsOptions options_;
  Counter& requested_;
  Counter& purged_;
};

}  // namespace earshot::recording
