#pragma once
// A chunk's files in ACS's own storage, which RecordingFileStatusUpdated names and ACS keeps for 24
// hours, and how far we have come with fetching them. In service-managed recording they are the
// only ones; with the customer's own container they are a second copy of what is exported there.

#include "base/time.hpp"
#include "domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace earshot {

// How long ACS keeps them after it told of them.
inline constexpr Duration files_kept_at_acs = std::chrono::hours(24);

// As the event says.
struct FileLocation {
  RecordingId recording;
  ChunkIndex index;
  std::string document_id;
  std::string end_reason;  // "SessionEnded" of the last chunk
  // URLs on ACS's storage hosts, to be followed as they are; what they end in says nothing of the
  // format. Any may be empty.
  std::string content;
  std::string metadata;
  std::string deletion;  // takes all files of the chunk with it
  WallTime told_at{};
  WallTime expires_at{};
};

enum class FileState {
  waiting,     // not fetched yet
  fetched,     // in our own store, and read back from there
  not_needed,  // the chunk is whole in the customer's container
  expired,     // gone at ACS before it was fetched
};

struct FileFetch {
  RecordingId recording;
  ChunkIndex index;
  FileState state = FileState::waiting;
  BlobName audio;           // in our own store; empty until its format is known
  BlobName metadata;        // empty until it is stored
  std::uint64_t bytes = 0;  // of the audio, as ACS says; 0: not known yet
  // SHA-256 (hex) of each block that was staged: what is there need not be fetched again, and what
  // is read back is compared with them.
  std::vector<std::string> block_hashes;
  std::string sha256;  // hex, of the whole audio as read back; "" until then
  int attempts = 0;    // that failed
  std::string last_error;
  std::optional<WallTime> fetched_at;
  std::optional<WallTime> deleted_at;  // at ACS, by us
};

struct RecordingFile {
  FileLocation told;
  FileFetch fetch;
};

}  // namespace earshot
