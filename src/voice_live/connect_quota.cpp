#include "voice_live/connect_quota.hpp"

#include <algorithm>

namespace earshot::voice_live {

Duration ConnectQuota::take(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  while (!taken_.empty() && now - taken_.front() >= window_) taken_.pop_front();
  if (taken_.size() < connects_max_) {
    taken_.push_back(now);
    return Duration(0);
  }
  if (taken_.empty()) return window_;  // a quota of none
  const auto wait = std::chrono::ceil<Duration>(taken_.front() + window_ - now);
  return std::max(wait, Duration(1));
}

}  // namespace earshot::voice_live
