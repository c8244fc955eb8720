#pragma once
// The table verdicts. All functions throw DatabaseError.

#include "ports/call_store.hpp"
#include "store/detail/connection.hpp"

#include <map>
#include <optional>
#include <vector>

namespace earshot::store {

// Throws `conflict` when the call has a verdict of that number, `not_found` without its call. The
// rules of retention are asked of the call anew when they may say something else now.
void put_verdict(Connection& connection, const Verdict& verdict);
// Of that number, or the newest.
std::optional<Verdict> find_verdict(Connection& connection, const ContextId& call,
                                    std::optional<int> number);
std::vector<Verdict> find_verdicts(Connection& connection, const ContextId& call);  // ascending
// Of those of these calls that have one.
std::map<ContextId, Verdict> find_newest_verdicts(Connection& connection,
                                                  const std::vector<ContextId>& calls);

}  // namespace earshot::store
