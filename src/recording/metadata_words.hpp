#pragma once
// What of a chunk's metadata counts as evidence, without its participants' names. Pure.

#include "domain/evidence.hpp"
#include "recording/chunk_metadata.hpp"

namespace earshot::recording {

MetadataWords words_of(const ChunkMetadata& metadata);

}  // namespace earshot::recording
