#pragma once
// What ACS writes beside every chunk ("0-acsmetadata.json"). Every field may be missing: the audio
// counts, and this only describes it. Holds participants' identifiers, which may be phone numbers:
// never logged, never stored with the chunk.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

struct ChunkParticipant {
  std::string id;  // "4:+15550123", "8:acs:…"
  std::optional<std::uint32_t> channel;
};

struct ChunkPause {
  WallTime start{};
  Duration duration{};
};

struct ChunkMetadata {
  std::string resource_id;
  std::string call_id;
  std::string document_id;
  std::optional<std::uint32_t> index;
  std::optional<WallTime> start;
  std::optional<Duration> duration;
  std::vector<ChunkPause> pauses;
  std::string content_type;    // "audio", "audioVideo"
  std::string channel_type;    // "mixed", "unmixed"
  bool types_swapped = false;  // each stood in the other's place
  std::string format;          // "wav", "mp3", "mp4"
  std::optional<std::uint32_t> sample_rate_hz;
  std::optional<std::uint32_t> bit_rate;
  std::optional<std::uint32_t> channels;
  std::optional<std::uint32_t> bit_depth;
  std::vector<ChunkParticipant> participants;
};

inline constexpr std::size_t chunk_metadata_bytes_max = 1 << 20;
// Of participants and pauses each; more are left out.
inline constexpr std::size_t chunk_metadata_items_max = 1'000;

// `invalid`: not a JSON object, or too large. A field with a value that cannot be is treated as
// missing. contentType and channelType were seen swapped, so they are told apart by their values.
Result<ChunkMetadata> parse_chunk_metadata(ByteView json);

}  // namespace earshot::recording
