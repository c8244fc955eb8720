#pragma once
// What the beginning of a file says of it, before anything of it is kept: ACS was seen to give
// nothing at all, a page of an error, or a file that is shorter than its metadata. Pure.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "domain/audio.hpp"
#include "recording/chunk_metadata.hpp"

#include <cstdint>
#include <optional>

namespace earshot::recording {

struct FileLook {
  RecordingFormat format = RecordingFormat::wav;
  // Of the samples; nullopt: the header lies deeper in the file than its beginning.
  std::optional<Duration> audio;
};

// By the first bytes, not by a name. `corrupt`: it is no audio that is known here.
Result<FileLook> look_at(ByteView head, std::uint64_t file_bytes);

// How much audio the metadata promises at least: its duration less the pauses it lists.
std::optional<Duration> promised(const ChunkMetadata& metadata);
// Does `audio` fall short of what was promised by more than clocks and rounding explain?
bool falls_short(Duration audio, Duration promised);

}  // namespace earshot::recording
