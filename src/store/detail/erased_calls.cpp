#include "store/detail/erased_calls.hpp"

#include "store/detail/recording_rows.hpp"
#include "store/detail/stored_text.hpp"

#include <algorithm>
#include <set>

namespace earshot::store {
namespace {

// Or is its erasure still going on, and may be refused?
bool is_settled(Connection& connection, const ContextId& call) {
  return !connection
              .query(
                  "SELECT context_id FROM erasure_calls WHERE context_id = :context_id AND "
                  "state = 'erased' LIMIT 1",
                  1, {{"context_id", call}})
              .empty();
}

[[noreturn]] void refuse(Connection& connection, const ContextId& call) {
  throw DatabaseError(is_settled(connection, call) ? call_erased_error() : call_erasing_error(),
                      false);
}

// Locks the call's row: an erasure that another replica begins at this moment waits until this
// transaction is over, and then finds what it wrote, or it was first, and is seen here.
void refuse_of_erased(Connection& connection, const ContextId& call) {
  if (!is_storable_id(call.text)) return;
  const auto sql =
      spell(connection.database(),
            "SELECT erased_at FROM calls WHERE context_id = :context_id {{for_update}}");
  for (auto& row : connection.query(sql, 1, {{"context_id", call}}))
    if (row.time_or_none()) refuse(connection, call);
}

// Under another name, as an import would give it.
void refuse_of_erased_folder(Connection& connection, const Recording& recording) {
  const auto folder = mend_text(recording.folder);
  auto erased = connection.query(
      "SELECT c.context_id FROM recordings r JOIN calls c ON c.context_id = r.context_id WHERE "
      "r.folder <> '' AND substr(r.folder, 1, 128) = substr(CAST(:beginning AS TEXT), 1, 128) AND "
      "r.folder = :folder AND r.context_id <> :context_id AND c.erased_at IS NOT NULL LIMIT 1",
      1, {{"beginning", folder}, {"folder", folder}, {"context_id", recording.call}});
  if (!erased.empty()) refuse(connection, {erased.front().text()});
}

// In the order of their ids, so that two replicas do not wait for each other.
std::set<ContextId> calls_of(Connection& connection, const Changes& changes) {
  std::set<ContextId> calls;
  for (const auto& one : changes.personal) calls.insert(one.call);
  for (const auto& one : changes.turns) calls.insert(one.call);
  for (const auto& one : changes.downlinks) calls.insert(one.call);
  for (const auto& one : changes.verdicts) calls.insert(one.call);
  std::set<RecordingId> recordings;
  for (const auto& one : changes.chunks) recordings.insert(one.recording);
  for (const auto& one : changes.file_locations) recordings.insert(one.recording);
  for (const auto& one : changes.discoveries) recordings.insert(one.recording);
  for (const auto& id : recordings) {
    const auto added = std::ranges::find(changes.recordings, id, &Recording::id);
    if (added != changes.recordings.end()) {
      calls.insert(added->call);
    } else if (const auto known = find_recording(connection, id)) {
      calls.insert(known->call);
    }
  }
  return calls;
}

}  // namespace

void refuse_of_erased(Connection& connection, const Changes& changes) {
  for (const auto& call : calls_of(connection, changes)) refuse_of_erased(connection, call);
  for (const auto& recording : changes.recordings)
    if (!recording.folder.empty()) refuse_of_erased_folder(connection, recording);
}

void refuse_of_erased(Connection& connection, const RecordingId& recording) {
  if (const auto known = find_recording(connection, recording))
    refuse_of_erased(connection, known->call);
}

void mark_erased(Connection& connection, const ErasureId& erasure, const ErasedCall& call) {
  const Params params{{"erasure_id", erasure}, {"context_id", call.call}};
  if (call.state == ErasureState::erasing || call.state == ErasureState::erased)
    connection.execute(
        "UPDATE calls SET erased_at = (SELECT at FROM erasures WHERE erasure_id = :erasure_id) "
        "WHERE context_id = :context_id AND erased_at IS NULL",
        params);
  if (call.state == ErasureState::refused)
    connection.execute(
        "UPDATE calls SET erased_at = NULL WHERE context_id = :context_id AND erased_at IS NOT "
        "NULL AND NOT EXISTS (SELECT 1 FROM erasure_calls e WHERE e.context_id = "
        "calls.context_id AND e.state = 'erased' AND e.erasure_id <> :erasure_id)",
        params);
}

}  // namespace earshot::store
