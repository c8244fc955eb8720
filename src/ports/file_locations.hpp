#pragma once
// What is durable of the files that ACS keeps for a recording. Locations are written with the event
// that names them (Changes::file_locations), the progress of fetching them here. Implementations:
// those of CallStore. Thread-safe.

#include "base/task.hpp"
#include "domain/recording_file.hpp"

#include <vector>

namespace earshot {

class FileLocations {
 public:
  virtual ~FileLocations() = default;
  // By index; none for a recording that no event has told of.
  virtual Task<Result<std::vector<RecordingFile>>> files_of(RecordingId recording) = 0;
  // Inserted or updated by (recording, index). `not_found` when ACS has told of no such chunk.
  virtual Task<Result<void>> save_fetch(FileFetch fetch) = 0;
};

}  // namespace earshot
