#pragma once
// The tables calls and personal. All functions throw DatabaseError.

#include "ports/call_store.hpp"
#include "store/detail/connection.hpp"

#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace earshot::store {

// Inserts version 0 (as version 1), updates any other; `conflict` when the call is there already,
// its ring is taken, or its version has moved on.
void put_call(Connection& connection, const Call& call);
void put_personal(Connection& connection, const CallPersonal& personal);

std::optional<Call> find_call(Connection& connection, const ContextId& id);
enum class CallKey { ring_key, correlation, connection, server_call };
// The newest call with that value; none for an empty or unstorable one.
std::optional<Call> find_newest_call(Connection& connection, CallKey key, std::string_view value);
std::optional<Call> find_call_of_recording(Connection& connection, const RecordingId& id);
std::vector<Call> find_open_calls(Connection& connection);  // oldest first
std::vector<Call> find_unjudged(Connection& connection,
                                const UnjudgedQuery& query);  // oldest first
std::vector<Call> list_calls(Connection& connection, const CallQuery& query);
std::optional<CallPersonal> find_personal(Connection& connection, const ContextId& id);
// Of those that have one.
std::map<ContextId, CallPersonal> find_personal_of(Connection& connection,
                                                   const std::vector<ContextId>& calls);

// Throws `not_found` unless the call is there.
void require_call(Connection& connection, const ContextId& id);

}  // namespace earshot::store
