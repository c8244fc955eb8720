#pragma once
// An import: a range of dates of the recordings' container is looked through for recordings that
// the database has never seen, and these are adopted. Made by a job; the row tells how far it has
// come, and an item for each recording's folder what became of it.

#include "base/time.hpp"
#include "domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace earshot {

using ImportId = Id<struct ImportTag>;  // ours, a UUID

enum class ImportState {
  waiting,  // for its job
  running,
  done,
  failed,  // for good; `error` says why
};

inline bool is_over(ImportState state) {
  return state == ImportState::done || state == ImportState::failed;
}

// What became of one folder that holds chunks.
enum class ImportOutcome {
  adopted,   // it is a recording now that nobody knew
  updated,   // imported before, and holds more or other audio since
  known,     // nothing to do
  searched,  // a recording of ours that lacks a chunk lying here: its search was queued again
  refused,   // it cannot be adopted; `detail` says why
  left,      // it may be a recording of ours that is still looked for; `detail` says which
};

// Folders by outcome, and the chunk files in them all.
struct ImportCounts {
  std::uint64_t adopted = 0;
  std::uint64_t updated = 0;
  std::uint64_t known = 0;
  std::uint64_t searched = 0;
  std::uint64_t refused = 0;
  std::uint64_t left = 0;
  std::uint64_t files = 0;
};

struct Import {
  ImportId id;
  // Midnights in UTC of the first and the last date folder.
  WallTime from{};
  WallTime to{};
  bool dry_run = false;  // tells what it would do, and changes nothing
  ImportState state = ImportState::waiting;
  WallTime requested_at{};
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
  // Where the next attempt goes on: the date, and the listing's marker in it.
  WallTime date{};
  std::string marker;
  std::uint64_t other_blobs = 0;  // that are no chunk's
  std::uint64_t requests = 0;     // to the container
  std::uint64_t bytes_read = 0;   // of blobs: metadata and headers
  int attempts = 0;               // that failed
  std::string error;              // of the last one
  ImportCounts counts;            // given by the store
};

struct ImportItem {
  ImportId of;
  std::string folder;  // with a trailing "/"
  ImportOutcome outcome = ImportOutcome::known;
  // Of what was adopted or is known; empty otherwise.
  ContextId call;
  RecordingId recording;
  std::uint32_t files = 0;  // chunk files in the folder
  std::string detail;       // a sentence, without personal data
  WallTime at{};
};

}  // namespace earshot
