#pragma once
// Looks into a chunk's files without fetching its audio: the metadata, and the first kilobytes.

#include "base/clock.hpp"
#include "ports/chunk_source.hpp"
#include "recording/chunk_metadata.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

struct InspectedChunk {
  Chunk chunk;
  std::optional<ChunkMetadata> metadata;  // none: no file, or none that can be read
  std::uint64_t bytes_missing = 0;        // that the audio's header promises
  std::vector<ChunkPause> pauses;         // ACS's own word on them
  // Why the audio cannot be used, with the offset; "" when it can. The chunk then has no
  // data_bytes.
  std::string unusable;
  // What was odd and did no harm: "the header promises 640 bytes more than there are".
  std::vector<std::string> notes;
};

class ChunkInspector {
 public:
  // Both outlive this.
  ChunkInspector(ChunkSource& source, Clock& clock) : source_(source), clock_(clock) {}

  // Fails only with what is worth another try: storage away, or a blob that changed meanwhile.
  // With `known`, the same chunk as it was stored, the audio is read again only when the blob is
  // another one since.
  Task<Result<InspectedChunk>> inspect(RecordingId recording, FoundChunk found,
                                       std::optional<Chunk> known = {});
  // `invalid` when there is one that cannot be read; nullopt when it is not there.
  Task<Result<std::optional<ChunkMetadata>>> read_metadata(BlobName name);

 private:
  Task<Result<InspectedChunk>> read_audio(InspectedChunk inspected);
  Task<Result<InspectedChunk>> read_wav(InspectedChunk inspected);
  Task<Result<InspectedChunk>> read_mp3(InspectedChunk inspected);
  Task<Result<Bytes>> read_range(Chunk chunk, std::uint64_t offset, std::uint64_t length);

  ChunkSource& source_;
  Clock& clock_;
};

}  // namespace earshot::recording
