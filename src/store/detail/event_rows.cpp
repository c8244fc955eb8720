#include "store/detail/event_rows.hpp"

#include "store/detail/event_fields.hpp"
#include "store/detail/stored_text.hpp"

#include <algorithm>

namespace earshot::store {

EventStoreResult put_event(Connection& connection, const InboundEvent& event,
                           WallTime received_at) {
  const auto key = event_key(event);
  auto rows = connection.query(
      "INSERT INTO events (event_key, context_id, door, type, occurred_at, received_at, handled, "
      "fields) VALUES (:event_key, :context_id, :door, :type, :occurred_at, :received_at, 0, "
      ":fields) ON CONFLICT (event_key) DO NOTHING RETURNING number",
      1,
      {{"event_key", key},
       {"context_id", mend_text(event.context_id.text)},
       {"door", door_word(event.door)},
       {"type", mend_text(event.type)},
       {"occurred_at", event.occurred_at},
       {"received_at", received_at},
       {"fields", write_event_fields(event)}});
  if (rows.empty()) {
    auto earlier = connection.query(
        "SELECT number, handled FROM events WHERE event_key = :event_key", 2, {{"event_key", key}});
    EventStoreResult duplicate{.outcome = Accepted::duplicate, .handled = true};
    if (earlier.empty()) return duplicate;
    duplicate.number = earlier.front().number();
    duplicate.handled = earlier.front().flag();
    return duplicate;
  }
  const auto number = rows.front().number();
  // Raw bodies hold numbers and names: of a call whose data was erased none is kept. What comes
  // while it is being erased goes with the rest of them, or stays if the erasure is refused.
  connection.execute(
      "INSERT INTO journal_raw (event_number, raw) SELECT CAST(:number AS BIGINT), CAST(:raw AS "
      "TEXT) WHERE NOT EXISTS (SELECT 1 FROM calls WHERE context_id = :context_id AND erased_at IS "
      "NOT NULL) OR NOT EXISTS (SELECT 1 FROM erasure_calls WHERE context_id = :context_id AND "
      "state = 'erased')",
      {{"number", number},
       {"raw", mend_text(raw_without_secret(event))},
       {"context_id", mend_text(event.context_id.text)}});
  return {.outcome = Accepted::stored, .number = number};
}

void mark_handled(Connection& connection, std::int64_t number) {
  const auto changed = connection.execute(
      "UPDATE events SET handled = 1, fields = '' WHERE number = :number AND handled = 0",
      {{"number", static_cast<long long>(number)}});
  if (changed != 1)
    throw DatabaseError({.kind = ErrorKind::conflict,
                         .message = "the event was handled by somebody else meanwhile"},
                        false);
}

void drop_event(Connection& connection, std::int64_t number) {
  mark_handled(connection, number);
  connection.execute("DELETE FROM journal_raw WHERE event_number = :number",
                     {{"number", static_cast<long long>(number)}});
}

std::vector<StoredEvent> find_unhandled(Connection& connection, int limit) {
  auto rows = connection.query(
      "SELECT number, received_at, type, context_id, fields, raw FROM events LEFT JOIN journal_raw "
      "ON event_number = number WHERE handled = 0 ORDER BY number LIMIT :limit",
      6, {{"limit", static_cast<long long>(std::clamp(limit, 0, list_limit_max))}});
  std::vector<StoredEvent> events;
  for (auto& row : rows) {
    StoredEvent stored;
    stored.number = row.number();
    stored.received_at = row.time();
    const auto type = row.text();
    const ContextId context{row.text()};
    if (auto event = read_event_fields(row.text())) {
      stored.event = std::move(*event);
    } else {
      stored.event.type = type;
      stored.event.context_id = context;
      stored.event.body = OtherEvent{};
    }
    stored.event.raw = row.text();
    events.push_back(std::move(stored));
  }
  return events;
}

}  // namespace earshot::store
