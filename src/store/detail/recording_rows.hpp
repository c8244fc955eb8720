#pragma once
// The tables recordings, pauses and chunks. All functions throw DatabaseError.

#include "ports/call_store.hpp"
#include "ports/folder_claims.hpp"
#include "store/detail/connection.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace earshot::store {

void put_recording(Connection& connection, const Recording& recording);
// `not_found` when the recording is not stored.
// `not_found` when there is no such recording.
void put_discovery(Connection& connection, const DiscoveryChange& change);
void put_pause(Connection& connection, const RecordingPause& pause);
void put_chunk(Connection& connection, const Chunk& chunk);

std::optional<Recording> find_recording(Connection& connection, const RecordingId& id);
std::vector<Recording> find_recordings(Connection& connection, const ContextId& call);
std::vector<Recording> list_recordings(Connection& connection, const RecordingQuery& query);
std::vector<RecordingPause> find_pauses(Connection& connection, const RecordingId& id);
std::vector<Chunk> find_chunks(Connection& connection, const RecordingId& id);

// What belongs to these calls, each list in the order of its own find_…; nothing under what has
// none.
using RecordingKey = std::pair<ContextId, RecordingId>;
std::map<ContextId, std::vector<Recording>> find_recordings_of(Connection& connection,
                                                               const std::vector<ContextId>& calls);
std::map<RecordingKey, std::vector<RecordingPause>> find_pauses_of(
    Connection& connection, const std::vector<ContextId>& calls);
std::map<RecordingKey, std::vector<Chunk>> find_chunks_of(Connection& connection,
                                                          const std::vector<ContextId>& calls);

// As ImportStore::find_chunk.
std::optional<Chunk> find_chunk(Connection& connection, const BlobName& audio,
                                const std::string& document_id);

// As FolderClaims says.
std::vector<FileOwner> find_owners(Connection& connection, const BlobName& audio);
std::vector<FolderClaimant> find_claimants(Connection& connection, const ClaimantQuery& query);

}  // namespace earshot::store
