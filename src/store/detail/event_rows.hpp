#pragma once
// The inbox: tables events and journal_raw. All functions throw DatabaseError.

#include "ports/call_store.hpp"
#include "store/detail/connection.hpp"

#include <cstdint>
#include <vector>

namespace earshot::store {

EventStoreResult put_event(Connection& connection, const InboundEvent& event, WallTime received_at);
// Marks as handled and erases what answering needed; `conflict` when there is no such event that
// waits, so that two that handle the same event cannot both commit what came of it.
void mark_handled(Connection& connection, std::int64_t number);
// The same, and its raw body goes.
void drop_event(Connection& connection, std::int64_t number);
// Oldest first. An event whose fields cannot be read comes as OtherEvent, so that it does not block
// those behind it.
std::vector<StoredEvent> find_unhandled(Connection& connection, int limit);

}  // namespace earshot::store
