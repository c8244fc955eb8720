#pragma once
// New Voice Live connections a minute are limited for the whole resource (30 by default). One
// object for all workers of a process; thread-safe.

#include "base/time.hpp"

#include <cstddef>
#include <deque>
#include <mutex>

namespace earshot::voice_live {

class ConnectQuota {
 public:
  explicit ConnectQuota(std::size_t connects_max = 30, Duration window = 60s)
      : connects_max_(connects_max), window_(window) {}

  // Takes a place if one of the last `window` is free; otherwise says how long until there is.
  // 0: the place is taken.
  Duration take(SteadyTime now);

 private:
  const std::size_t connects_max_;
  const Duration window_;
  std::mutex mutex_;
  std::deque<SteadyTime> taken_;  // guarded by mutex_; at most connects_max_
};

}  // namespace earshot::voice_live
