#pragma once
// How far a recording's chunks account for it. Pure.

#include "base/time.hpp"
#include "domain/recording.hpp"
#include "recording/chunk_metadata.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

struct ProgressInput {
  WallTime start{};             // when the recording became active
  std::optional<WallTime> end;  // when it ended; nullopt: it has not, or nobody knows
  // The end was learnt late: it lies between this and `end`.
  std::optional<WallTime> end_after;
  std::vector<Chunk> chunks;  // by index, one of each
  std::vector<RecordingPause> our_pauses;
  std::vector<ChunkPause> acs_pauses;  // of all chunks, from their metadata
  Duration tolerance{};
};

struct Progress {
  bool consecutive = false;  // indices from 0, each with samples
  bool reaches_end = false;  // the last sample lies within `tolerance` of the end
  // Where the end is not known exactly: the last sample reaches the earliest that it may be.
  bool may_reach_end = false;
  Duration audio{};    // of all chunks
  Duration missing{};  // from the last sample to the end, when that is known
  bool complete() const { return consecutive && reaches_end; }
  std::string reason;  // why it is not complete: a sentence for the operator
};

Progress measure_progress(const ProgressInput& input);

// Indices below a recording's last one that have no audio, and chunks without any. Chunks by
// recording and index.
std::vector<ChunkIndex> missing_chunks(const std::vector<Chunk>& chunks);

// Of the samples; for compressed audio, what the metadata or the file's bit rate says.
Duration length_of(const Chunk& chunk);

}  // namespace earshot::recording
