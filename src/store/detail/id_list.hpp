#pragma once
// Rows of any of these calls, in one statement.

#include "store/detail/connection.hpp"

#include <string>
#include <vector>

namespace earshot::store {

struct IdCondition {
  std::string text;  // "context_id IN (:id0, :id1)"
  Params params;
};

// The ids are ones that came out of the database; at most list_limit_max.
IdCondition of_any(const std::vector<ContextId>& calls);

}  // namespace earshot::store
