#pragma once
// "Is there a second copy of chunk n of recording r, and where?" Of recordings in the customer's
// own container ACS keeps every chunk for 24 hours in its own storage as well. The job of
// recording_fetch.hpp fetches those whose chunk is missing or torn; here is what it has.

#include "base/clock.hpp"
#include "ports/chunk_source.hpp"
#include "ports/file_locations.hpp"
#include "recording/chunk_inspector.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

struct SecondCopy {
  // Its file in our own store and what it holds, as of a chunk: read it through the ChunkSource.
  Chunk chunk;
  std::string sha256;    // hex, of the file
  std::string unusable;  // why its audio cannot be used; "" when it can
};

class SecondCopies {
 public:
  // All outlive this.
  SecondCopies(FileLocations& locations, ChunkSource& source, Clock& clock)
      : locations_(locations), inspector_(source, clock) {}

  // All that are kept of a recording, by index. Fails only with what is worth another try.
  Task<Result<std::vector<SecondCopy>>> all_of(RecordingId recording);
  // nullopt: there is none, or none was needed. Fails only with what is worth another try.
  Task<Result<std::optional<SecondCopy>>> find(RecordingId recording, ChunkIndex index);
  // May one of this recording still come? Its files were told of, and some are neither fetched nor
  // expired. (Before the event nothing is known: false.)
  Task<Result<bool>> may_come(RecordingId recording);

 private:
  Task<Result<SecondCopy>> look_at(RecordingFile file);

  FileLocations& locations_;
  ChunkInspector inspector_;
};

// Is this the name of a second copy?
bool is_second_copy(const BlobName& name);

}  // namespace earshot::recording
