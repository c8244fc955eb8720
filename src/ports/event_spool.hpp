#pragma once
// Where inbound events wait while the database is away: a file of its own, so that a webhook may be
// answered 200 all the same. Implementation: store/event_spool (one file); a memory one for tests.
// Thread-safe.

#include "base/task.hpp"
#include "base/time.hpp"
#include "ports/call_events.hpp"

#include <cstddef>
#include <vector>

namespace earshot {

// What one append took.
struct SpooledEvents {
  std::vector<InboundEvent> events;
  WallTime received_at{};
};

class EventSpool {
 public:
  virtual ~EventSpool() = default;
  // On disk (fsync) when it returns. `unavailable`: the disk is full or broken, or the spool's
  // bound is reached; nothing of it was taken.
  virtual Task<Result<void>> append(std::vector<InboundEvent> events, WallTime received_at) = 0;
  // Oldest first. A torn end, left by a crash within an append, is left out.
  virtual Task<Result<std::vector<SpooledEvents>>> read_all() = 0;
  // Forgets the first `appends` of what read_all gave; what was appended meanwhile stays.
  virtual Task<Result<void>> truncate(std::size_t appends) = 0;
};

}  // namespace earshot
