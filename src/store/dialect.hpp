#pragma once
// Everything in which SQLite and PostgreSQL differ, for SQL texts that are otherwise one for both.

#include "base/time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace earshot::store {

enum class Database { sqlite, postgresql };

// Replaces {{number}} and its like in a schema text or a statement.
std::string spell(Database database, std::string_view sql);

// Begins a transaction that will write. SQLite takes the write lock here, where waiting for it is
// safe, and not in the middle.
std::string_view begin_write(Database database);

// Run on each new connection. `writer`: the one connection that may write. `statement_timeout`: how
// long a statement may take, 0 = as long as it likes.
std::vector<std::string> connection_settings(Database database, bool writer,
                                             Duration statement_timeout);

// Only one process at a time changes the schema; run inside the transaction that does. "" = the
// transaction itself is enough.
std::string_view lock_schema(Database database);

}  // namespace earshot::store
