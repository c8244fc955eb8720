#pragma once
// ACS's own word on which chunk was a recording's last: the "event RecordingFileStatusUpdated"
// entries of the call's journal, whose chunks have an endReason.

#include "domain/ids.hpp"
#include "ports/call_store.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace earshot::recording {

// The index of the chunk that ended with its session; nullopt: ACS has not said.
std::optional<std::uint32_t> last_chunk_of_session(const std::vector<JournalEntry>& journal,
                                                   const RecordingId& recording);

}  // namespace earshot::recording
