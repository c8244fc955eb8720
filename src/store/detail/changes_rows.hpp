#pragma once
// All of a Changes, in the transaction that the connection is in.

#include "base/random.hpp"
#include "ports/call_store.hpp"
#include "store/detail/connection.hpp"

#include <vector>

namespace earshot::store {

// Made before the transaction, which may be run again.
struct NewIds {
  std::vector<JobId> jobs;
  std::vector<AlertId> alerts;
  std::vector<JobId> alert_jobs;
};

NewIds make_ids(const Changes& changes, Random& random);

// Throws DatabaseError.
void apply(Connection& connection, const Changes& changes, const NewIds& ids);

}  // namespace earshot::store
