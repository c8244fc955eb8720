#pragma once
// What a job's handler answers: done, again at a time, or given up. A handler is
// `Task<JobOutcome>(Job)`; it fails only by what it returns.

#include "base/time.hpp"

#include <string>
#include <variant>

namespace earshot {

struct JobDone {};

struct JobRetry {
  WallTime at{};
  std::string error;    // why, for the operator; no personal data
  std::string payload;  // "" keeps the present one
};

// Stays visible, is not tried again.
struct JobGivenUp {
  std::string error;
};

using JobOutcome = std::variant<JobDone, JobRetry, JobGivenUp>;

}  // namespace earshot
