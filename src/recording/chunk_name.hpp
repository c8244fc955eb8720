#pragma once
// What a blob's name says about a chunk. Only the last segment is read: which folders ACS puts
// above it varies ("20260302/<serverCallId>/<recordingId>/0-audiowav.wav" was seen,
// "20260302/<callId>/<8 characters>-<guid>/0-audiowav.<documentId>.wav" is documented). Pure.

#include "domain/ids.hpp"
#include "ports/blob_store.hpp"
#include "ports/chunk_source.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::recording {

enum class ChunkFile { metadata, wav, mp3, mp4 };

struct ChunkName {
  ChunkIndex index;
  ChunkFile file = ChunkFile::wav;
  std::string document_id;  // "" when the name has none
  std::string folder;       // with its "/"; "" at the top
};

// A larger index is no chunk's: ACS cuts every four hours.
inline constexpr std::uint32_t chunk_index_max = 99'999;

// nullopt: not the name of a chunk's file. Letters compare without case.
std::optional<ChunkName> parse_chunk_name(std::string_view blob_name);

// Chunks by their folder, each folder's by index and document id; audio and metadata brought
// together by document id, else by being the only ones of their index. Other blobs are left out.
std::map<std::string, std::vector<FoundChunk>> group_chunks(const std::vector<BlobInfo>& blobs);

// Everything but A-Z a-z 0-9 - . _ ~ as %XX: one of the ways in which an id becomes a folder's
// name.
std::string percent_encoded(std::string_view text);
// The reverse; what is no %XX stays as it is.
std::string percent_decoded(std::string_view text);

}  // namespace earshot::recording
