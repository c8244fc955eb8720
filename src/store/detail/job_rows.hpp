#pragma once
// The table jobs. All functions throw DatabaseError.

#include "base/random.hpp"
#include "ports/job_store.hpp"
#include "store/detail/connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::store {

void add_job(Connection& connection, const NewJob& job, const JobId& id);
std::optional<Job> lease_job(Connection& connection, const std::string& runner, WallTime now,
                             WallTime until);

struct JobRef {
  JobId id;
  std::string runner;
};
// `conflict` when the runner does not have the lease.
void extend_lease(Connection& connection, const JobRef& job, WallTime until);
void complete_job(Connection& connection, const JobRef& job);
void retry_job(Connection& connection, const JobRef& job, WallTime due, const std::string& error,
               const std::string& payload);
void give_up_job(Connection& connection, const JobRef& job, const std::string& error);

std::optional<WallTime> find_next_due(Connection& connection);
std::vector<Job> find_given_up(Connection& connection, int limit);

}  // namespace earshot::store
