#pragma once
// What ACS recorded of a call, ready to be laid out: its PCM chunks in the order of time, each with
// its place, its size and whose voice is on which channel.

#include "base/executor.hpp"
#include "ports/call_store.hpp"
#include "ports/chunk_source.hpp"
#include "ports/frame_decoder.hpp"
#include "recording/audio_layouts.hpp"
#include "recording/sample_source.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace earshot::recording {

struct ChunkAudio {
  Chunk chunk;
  LayoutSource layout;
};

// The chunks of these that hold PCM, or MP3 too (whose frames are not counted here, so there are 0
// of them), in the order given, with the voices of their channels: from
// their metadata where a recording is unmixed. A metadata file that is gone or unreadable is no
// failure; one that cannot be reached is.
Task<Result<std::vector<ChunkAudio>>> chunk_audio(CallStore& store, ChunkSource& source,
                                                  std::vector<Recording> recordings,
                                                  std::vector<Chunk> chunks, bool mp3_too = false);
bool is_mp3(const Chunk& chunk);

// What decodes mp3; all outlive this.
struct AudioConversion {
  FrameDecoders& mp3;
  Offload& offload;
};

// Of a PCM chunk.
std::unique_ptr<SampleSource> samples_of(ChunkSource& source, const Chunk& chunk);
// Of any chunk. An mp3 is read once to find its frames (`corrupt` when it is none), and needs a
// `conversion`, which outlives the samples; without one it is a `conflict`.
Task<Result<std::unique_ptr<SampleSource>>> open_samples_of(ChunkSource& source, Chunk chunk,
                                                            const AudioConversion* conversion);

}  // namespace earshot::recording
