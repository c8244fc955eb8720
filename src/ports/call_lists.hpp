#pragma once
// Pages of calls and of recordings, with what a list shows beside each row, read together: the same
// few statements whatever the page's length. Implementations: store/sql_store, store/memory_store.
// Thread-safe; a call resumes where it was awaited.

#include "ports/call_store.hpp"

#include <optional>
#include <vector>

namespace earshot {

struct ListedCall {
  Call call;
  CallPersonal personal;              // empty: none is stored, or it was erased
  std::vector<Recording> recordings;  // oldest first
  std::optional<Verdict> verdict;     // the newest
};

struct ListedRecording {
  Recording recording;
  std::vector<Chunk> chunks;           // by index
  std::vector<RecordingPause> pauses;  // by start
  std::optional<Verdict> verdict;      // of its call, the newest
};

class CallLists {
 public:
  virtual ~CallLists() = default;

  // The rows, and the errors, of CallStore's list_calls and list_recordings.
  virtual Task<Result<std::vector<ListedCall>>> calls_page(CallQuery query) = 0;
  virtual Task<Result<std::vector<ListedRecording>>> recordings_page(RecordingQuery query) = 0;
};

}  // namespace earshot
