#pragma once
// Audio that lies in the archive cannot be read before it has been brought back, which takes hours.
// Whoever asks for it is told so at once, and how.

#include "ports/blob_store.hpp"
#include "ports/call_store.hpp"

#include <optional>
#include <vector>

namespace earshot::recording {

// `conflict` and `is_archived` with the way back in its message. `on_its_way`: it was asked for.
Failure archived(const ContextId& call, std::optional<StorageTier> on_its_way);

// Fails when the audio of one of the chunks is archived, and while the storage is away.
Task<Result<void>> check_readable(BlobStore& blobs, std::vector<Chunk> chunks, ContextId call);

}  // namespace earshot::recording
