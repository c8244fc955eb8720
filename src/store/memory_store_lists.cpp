// Of MemoryStore: pages of calls and recordings with what belongs to each, and whose a folder is.
#include "domain/imported_call.hpp"
#include "store/detail/memory_state.hpp"

#include <tuple>
#include <utility>

namespace earshot::store {
namespace {

std::optional<Verdict> newest_verdict(const MemoryTables& tables, const ContextId& call) {
  std::optional<Verdict> newest;
  for (const auto& [key, verdict] : tables.verdicts)
    if (key.first == call) newest = verdict;  // ascending by number
  return newest;
}

template <class Map>
auto rows_of(const Map& map, const RecordingId& id) {
  std::vector<typename Map::mapped_type> found;
  for (const auto& [key, row] : map)
    if (key.first == id) found.push_back(row);
  return found;
}

}  // namespace

Task<Result<std::vector<ListedCall>>> MemoryStore::calls_page(CallQuery query) {
  auto calls = co_await list_calls(std::move(query));
  if (!calls) co_return Failure(calls.error());
  std::vector<ListedCall> page;
  page.reserve(calls->size());
  for (Call& call : *calls) {
    auto recordings = co_await recordings_of(call.id);
    if (!recordings) co_return Failure(recordings.error());
    std::lock_guard lock(state_->mutex);
    ListedCall listed{.call = std::move(call), .recordings = std::move(*recordings)};
    const auto personal = state_->tables.personal.find(listed.call.id);
    if (personal != state_->tables.personal.end()) listed.personal = personal->second;
    listed.verdict = newest_verdict(state_->tables, listed.call.id);
    page.push_back(std::move(listed));
  }
  co_return page;
}

Task<Result<std::vector<ListedRecording>>> MemoryStore::recordings_page(RecordingQuery query) {
  auto recordings = co_await list_recordings(std::move(query));
  if (!recordings) co_return Failure(recordings.error());
  std::lock_guard lock(state_->mutex);
  const auto& tables = state_->tables;
  std::vector<ListedRecording> page;
  page.reserve(recordings->size());
  for (Recording& recording : *recordings)
    page.push_back({.recording = recording,
                    .chunks = rows_of(tables.chunks, recording.id),
                    .pauses = rows_of(tables.pauses, recording.id),
                    .verdict = newest_verdict(tables, recording.call)});
  co_return page;
}

Task<Result<std::vector<FileOwner>>> MemoryStore::owners_of(BlobName audio) {
  std::lock_guard lock(state_->mutex);
  const auto& tables = state_->tables;
  std::vector<std::pair<WallTime, FileOwner>> owners;
  for (const auto& [key, chunk] : tables.chunks) {
    const auto* recording = tables.find_recording(key.first);
    if (audio.empty() || chunk.audio != audio || recording == nullptr) continue;
    const auto call = tables.calls.find(recording->call);
    const bool imported = call != tables.calls.end() && is_imported(call->second);
    owners.emplace_back(
        chunk.found_at,
        FileOwner{.call = recording->call, .recording = recording->id, .is_imported = imported});
  }
  std::ranges::sort(owners, {},
                    [](const auto& one) { return std::tuple(one.first, one.second.recording); });
  std::vector<FileOwner> found;
  found.reserve(owners.size());
  for (auto& [at, owner] : owners) found.push_back(std::move(owner));
  co_return found;
}

Task<Result<std::vector<FolderClaimant>>> MemoryStore::claimants(ClaimantQuery query) {
  std::lock_guard lock(state_->mutex);
  const auto& tables = state_->tables;
  std::vector<FolderClaimant> found;
  for (const auto& recording : tables.recordings) {
    const bool unplaced =
        recording.folder.empty() && recording.byos && recording.phase != RecordingPhase::failed &&
        (recording.discovery == Discovery::not_started ||
         recording.discovery == Discovery::searching || recording.discovery == Discovery::missing);
    const auto call = tables.calls.find(recording.call);
    if (!unplaced || call == tables.calls.end()) continue;
    const auto end = recording.ended_at ? recording.ended_at : call->second.ended_at;
    if (recording.requested_at < query.requested_since ||
        recording.requested_at > query.at + query.slack || (end && *end < query.at - query.slack))
      continue;
    FolderClaimant claimant{.recording = recording,
                            .caller = {},
                            .server_call = call->second.server_call_id,
                            .correlation = call->second.correlation_id,
                            .connection = call->second.connection_id,
                            .call_ended_at = call->second.ended_at};
    if (const auto of = tables.personal.find(recording.call); of != tables.personal.end())
      claimant.caller = of->second.caller;
    found.push_back(std::move(claimant));
  }
  std::ranges::sort(found, [](const FolderClaimant& a, const FolderClaimant& b) {
    return std::tie(a.recording.requested_at, a.recording.id) >
           std::tie(b.recording.requested_at, b.recording.id);
  });
  cut_to(found, query.limit);
  co_return found;
}

}  // namespace earshot::store
