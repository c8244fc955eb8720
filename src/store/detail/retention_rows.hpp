#pragma once
// The tables holds, retention_reminders and retention_cursor, and the rows of a call that go with
// what was deleted of it. All functions throw DatabaseError.

#include "ports/retention_store.hpp"
#include "store/detail/connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::store {

// `not_found` when there is no such call.
void put_hold(Connection& connection, const LegalHold& hold);
LegalHold lift_hold(Connection& connection, const HoldId& id, const std::string& by, WallTime at);
std::vector<LegalHold> list_holds(Connection& connection, const HoldQuery& query);
bool is_held(Connection& connection, const ContextId& call);

std::vector<Call> calls_after(Connection& connection, const RetentionCursor& cursor,
                              WallTime before, int limit);
RetentionCursor retention_cursor(Connection& connection, const std::string& rules);
void put_retention_cursor(Connection& connection, const std::string& rules,
                          const RetentionCursor& cursor);
std::vector<Call> retention_due(Connection& connection, WallTime now, int limit);
// The rules are asked of the call at that time, or earlier when that is planned already.
void remind_of_retention(Connection& connection, const ContextId& call, WallTime at);
std::vector<RowCount> settle_retention(Connection& connection, const RetentionOutcome& outcome);

// Of tables that lost some. `conflict` when some are to go and the call is on hold.
std::vector<RowCount> remove_rows(Connection& connection, const ContextId& call,
                                  const RowRemoval& rows);
std::vector<ContextId> calls_of_caller(Connection& connection, const std::string& caller,
                                       int limit);

}  // namespace earshot::store
