#include "store/detail/list_rows.hpp"

#include "store/detail/call_rows.hpp"
#include "store/detail/recording_rows.hpp"
#include "store/detail/verdict_rows.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace earshot::store {
namespace {

// What the map has under `key`, moved out; empty without.
template <class Map, class Key>
typename Map::mapped_type take(Map& map, const Key& key) {
  const auto found = map.find(key);
  if (found == map.end()) return {};
  return std::move(found->second);
}

}  // namespace

std::vector<ListedCall> read_calls_page(Connection& connection, const CallQuery& query) {
  auto calls = list_calls(connection, query);
  std::vector<ContextId> ids;
  ids.reserve(calls.size());
  for (const auto& call : calls) ids.push_back(call.id);
  auto personal = find_personal_of(connection, ids);
  auto recordings = find_recordings_of(connection, ids);
  auto verdicts = find_newest_verdicts(connection, ids);
  std::vector<ListedCall> page;
  page.reserve(calls.size());
  for (auto& call : calls) {
    ListedCall listed{.call = std::move(call)};
    listed.personal = take(personal, listed.call.id);
    listed.recordings = take(recordings, listed.call.id);
    if (const auto verdict = verdicts.find(listed.call.id); verdict != verdicts.end())
      listed.verdict = std::move(verdict->second);
    page.push_back(std::move(listed));
  }
  return page;
}

std::vector<ListedRecording> read_recordings_page(Connection& connection,
                                                  const RecordingQuery& query) {
  auto recordings = list_recordings(connection, query);
  std::vector<ContextId> calls;
  calls.reserve(recordings.size());
  for (const auto& recording : recordings) calls.push_back(recording.call);
  std::ranges::sort(calls);
  calls.erase(std::ranges::unique(calls).begin(), calls.end());
  auto chunks = find_chunks_of(connection, calls);
  auto pauses = find_pauses_of(connection, calls);
  const auto verdicts = find_newest_verdicts(connection, calls);
  std::vector<ListedRecording> page;
  page.reserve(recordings.size());
  for (auto& recording : recordings) {
    const RecordingKey key{recording.call, recording.id};
    ListedRecording listed{.recording = std::move(recording)};
    listed.chunks = take(chunks, key);
    listed.pauses = take(pauses, key);
    // Not taken: several recordings may be of one call.
    if (const auto verdict = verdicts.find(key.first); verdict != verdicts.end())
      listed.verdict = verdict->second;
    page.push_back(std::move(listed));
  }
  return page;
}

}  // namespace earshot::store
