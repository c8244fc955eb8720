#pragma once
// The tables journal and diagnostics: appended to, never changed. All functions throw
// DatabaseError.

#include "ports/call_store.hpp"
#include "store/detail/connection.hpp"

#include <vector>

namespace earshot::store {

void append_journal(Connection& connection, const JournalEntry& entry);
std::vector<JournalEntry> find_journal(Connection& connection, const ContextId& call);
void append_diagnostics(Connection& connection, const ContextId& call,
                        const Diagnostics& diagnostics);
std::vector<Diagnostics> find_diagnostics(Connection& connection, const ContextId& call);

}  // namespace earshot::store
