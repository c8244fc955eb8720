#pragma once
// Events that Event Grid could not deliver and kept as dead letters, taken in after all, on the
// path of those that come by the webhook. Implementation: acs/event_replay.

#include "base/task.hpp"

#include <string>
#include <vector>

namespace earshot {

struct ReplayOutcome {
  int stored = 0;
  int duplicate = 0;  // known already: a replay does no harm
  int unknown_call = 0;
  std::vector<std::string> rejected;  // "event 3: type is missing"; never a value
};

class EventReplay {
 public:
  virtual ~EventReplay() = default;
  // `body`: one event or an array of them, in either schema; what Event Grid adds to a dead letter
  // is passed over. Durable when it returns. `invalid`: no events; `unavailable`: they could not be
  // stored. Thread-safe.
  virtual Task<Result<ReplayOutcome>> replay(std::string body) = 0;
};

}  // namespace earshot
