#include "calls/detail/timer_queue.hpp"

namespace earshot::calls::detail {

TimerQueue::TimerQueue(Clock& clock, Fired fired)
    : clock_(clock), fired_(std::move(fired)), changed_(clock.make_signal()) {}

void TimerQueue::arm(const ContextId& call, CallTimer timer, Duration after) {
  cancel(call, timer);
  const Key key{call, timer};
  const auto at = clock_.steady_now() + after;
  const bool first = by_time_.empty() || at < by_time_.begin()->first;
  by_time_.emplace(at, key);
  by_key_.emplace(key, at);
  if (first) changed_->notify();
}

void TimerQueue::cancel(const ContextId& call, CallTimer timer) {
  const auto found = by_key_.find({call, timer});
  if (found == by_key_.end()) return;
  by_time_.erase({found->second, found->first});
  by_key_.erase(found);
}

bool TimerQueue::armed(const ContextId& call) const {
  const auto first = by_key_.lower_bound({call, CallTimer{}});
  return first != by_key_.end() && first->first.first == call;
}

Task<void> TimerQueue::run() {
  while (!stopping_) {
    if (by_time_.empty()) {
      co_await changed_->wait();
      continue;
    }
    const auto [at, key] = *by_time_.begin();
    if (clock_.steady_now() < at) {
      static_cast<void>(co_await changed_->wait_until(at));
      continue;
    }
    by_time_.erase(by_time_.begin());
    by_key_.erase(key);
    fired_(key.first, key.second);
  }
}

void TimerQueue::stop() {
  stopping_ = true;
  changed_->notify();
}

}  // namespace earshot::calls::detail
