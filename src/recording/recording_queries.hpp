#pragma once
// What the API and the console ask of recordings.

#include "ports/call_store.hpp"
#include "ports/chunk_source.hpp"
#include "recording/audio_view.hpp"

#include <cstdint>
#include <memory>
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

struct OpenedAudio {
  std::unique_ptr<AudioReader> reader;
  std::string file_name;            // "recording-20260302T091533Z.wav"; no id, no number
  std::vector<ChunkIndex> missing;  // as above
};

class RecordingQueries {
 public:
  // Both outlive this, and every reader that it opens.
  RecordingQueries(CallStore& store, ChunkSource& source) : store_(store), source_(source) {}

  Task<Result<std::vector<RecordingSummary>>> list(RecordingQuery query);  // newest first
  Task<Result<RecordingDetail>> load(RecordingId id);                      // `not_found`
  // All chunks as one file. `not_found` when there is no such recording or no audio of it yet;
  // `conflict` when its chunks' formats differ.
  Task<Result<OpenedAudio>> open_audio(RecordingId id);
  // One chunk as it is in its store, headers and all.
  Task<Result<OpenedAudio>> open_chunk(RecordingId id, ChunkIndex index);

 private:
  CallStore& store_;
  ChunkSource& source_;
};

}  // namespace earshot::recording
