#pragma once
// What is durable of merges. Implementations: those of CallStore. Thread-safe.

#include "base/task.hpp"
#include "domain/merge.hpp"
#include "ports/job_store.hpp"

#include <optional>
#include <vector>

namespace earshot {

class MergeStore {
 public:
  virtual ~MergeStore() = default;
  // The merge and the job that makes it, both or neither. `conflict` when the recording has one of
  // that number, `not_found` when there is no such recording.
  virtual Task<Result<void>> add_merge(Merge merge, NewJob job) = 0;
  // By number; none for a recording of which nobody asked for one.
  virtual Task<Result<std::vector<Merge>>> merges_of(RecordingId recording) = 0;
  virtual Task<Result<std::optional<Merge>>> find_merge(RecordingId recording, int number) = 0;
  // All but what was asked for and when. `not_found` when there is no such merge.
  virtual Task<Result<void>> save_merge(Merge merge) = 0;
  // Waiting and running, of all recordings.
  virtual Task<Result<int>> unfinished_merges() = 0;
};

}  // namespace earshot
