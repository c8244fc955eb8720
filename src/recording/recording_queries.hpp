#pragma once
// What the API and the console ask of recordings.

#include "ports/call_store.hpp"
#include "ports/chunk_source.hpp"
#include "recording/audio_opener.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

struct RecordingSummary {
  Recording recording;
  std::uint32_t chunks = 0;  // with audio
  std::uint64_t bytes = 0;   // of their files
  Duration audio{};          // of their samples
};

struct RecordingDetail {
  RecordingSummary summary;
  std::vector<Chunk> chunks;  // by index
  std::vector<RecordingPause> pauses;
  // Indices below the last one that have no audio: the joined audio skips them.
  std::vector<ChunkIndex> missing;
};

class RecordingQueries {
 public:
  // All outlive this, and every reader that it opens.
  explicit RecordingQueries(AudioOpener::Services services)
      : store_(services.store),
        source_(services.chunks),
        blobs_(services.blobs),
        opener_(services) {}

  Task<Result<std::vector<RecordingSummary>>> list(RecordingQuery query);  // newest first
  Task<Result<RecordingDetail>> load(RecordingId id);                      // `not_found`
  // One recording as one file, whatever the number of chunks; as AudioOpener::open. `repaired` and
  // `tap` are the whole call's, whichever of its recordings is named.
  Task<Result<OpenedAudio>> open_audio(RecordingId id, AudioRequest request);
  // All that was recorded of a call.
  Task<Result<OpenedAudio>> open_call_audio(ContextId call, AudioRequest request);
  // One chunk as it is in its store, headers and all.
  Task<Result<OpenedAudio>> open_chunk(RecordingId id, ChunkIndex index);

  // The signed manifest of the recording's call as it is stored, the newest or that of a verdict.
  Task<Result<std::string>> manifest(RecordingId id, std::optional<int> verdict);

  // `is_archived` when what was recorded of the call cannot be read; `not_found`.
  Task<Result<void>> readable(ContextId call);

  // What open_audio opens, for those who open it themselves.
  Task<Result<AudioSubject>> subject_of(RecordingId id, AudioSource source);
  Task<Result<AudioSubject>> subject_of_call(ContextId call);

 private:
  CallStore& store_;
  ChunkSource& source_;
  BlobStore& blobs_;
  AudioOpener opener_;
};

}  // namespace earshot::recording
