#pragma once
// Durable work. A job is leased to one runner until a time; a runner that dies loses its lease and
// another takes over. Thread-safe.

#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace earshot {

struct NewJob {
  std::string kind;     // "discover_recording"
  std::string subject;  // what it is about: an id
  std::string payload;  // JSON, opaque to `jobs`; no personal data
  WallTime due{};
  std::optional<WallTime> deadline;  // then the job gives up
  std::string unique_key;  // not added while a job with the same key is waiting or leased; "" =
                           // always added
};

struct Job {
  JobId id;
  std::string kind;
  std::string subject;
  std::string payload;
  int attempts = 0;  // begun before this one
  WallTime due{};
  std::optional<WallTime> deadline;
  WallTime added_at{};
  std::string last_error;
  WallTime leased_until{};
};

class JobStore {
 public:
  virtual ~JobStore() = default;
  // The due job that waits longest, leased to `runner` until `until`; nullopt: none is due.
  virtual Task<Result<std::optional<Job>>> lease(std::string runner, WallTime now,
                                                 WallTime until) = 0;
  virtual Task<Result<void>> extend(JobId id, std::string runner,
                                    WallTime until) = 0;  // `conflict`: lease lost
  virtual Task<Result<void>> complete(JobId id, std::string runner) = 0;
  // Waits until `due` for the next attempt; payload "" keeps the present one.
  virtual Task<Result<void>> retry(JobId id, std::string runner, WallTime due, std::string error,
                                   std::string payload) = 0;
  // Stays visible, is not tried again.
  virtual Task<Result<void>> give_up(JobId id, std::string runner, std::string error) = 0;
  // When the next job is due, leased ones left out; nullopt: none waits.
  virtual Task<Result<std::optional<WallTime>>> next_due() = 0;
  virtual Task<Result<std::vector<Job>>> given_up(int limit) = 0;
};

}  // namespace earshot
