#pragma once
// The downlink delays that calls' recordings showed. They are written with the turns in which they
// were found (Changes::downlinks in ports/call_store.hpp). Implementations: those of CallStore.
// Thread-safe.

#include "base/task.hpp"
#include "domain/downlink.hpp"

#include <vector>

namespace earshot {

class DownlinkStore {
 public:
  virtual ~DownlinkStore() = default;
  virtual Task<Result<std::vector<MeasuredDownlink>>> recent_downlinks(
      int limit) = 0;  // newest first
};

}  // namespace earshot
