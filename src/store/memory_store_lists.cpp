// Of MemoryStore: pages of calls and recordings with what belongs to each.
#include "store/detail/memory_state.hpp"

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

}  // namespace earshot::store
