#pragma once
// Brings the schema up to date, one numbered text after the other, all in one transaction. The
// texts are the files of store/schema, built in.

#include "store/detail/connection.hpp"

#include <span>
#include <string_view>

namespace earshot::store {

struct Migration {
  int version = 0;  // from 1, without a hole
  std::string_view sql;
};

std::span<const Migration> all_migrations();

// Gives the version found. Throws DatabaseError: `invalid` when the database's schema is newer than
// the newest of `migrations`, in which case nothing is changed.
int migrate(Connection& writer, std::span<const Migration> migrations = all_migrations());

}  // namespace earshot::store
