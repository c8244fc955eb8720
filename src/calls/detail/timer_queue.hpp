#pragma once
// The timers of all calls, waited for by one coroutine. Control executor only.

#include "base/clock.hpp"
#include "domain/call_machine.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

namespace earshot::calls::detail {

class TimerQueue {
 public:
  using Fired = std::function<void(const ContextId&, CallTimer)>;
  TimerQueue(Clock& clock, Fired fired);

  // Replaces one of the same call and kind.
  void arm(const ContextId& call, CallTimer timer, Duration after);
  void cancel(const ContextId& call, CallTimer timer);
  bool armed(const ContextId& call) const;

  // Calls `fired` for each that is due, until stop().
  Task<void> run();
  void stop();

 private:
  using Key = std::pair<ContextId, CallTimer>;

  Clock& clock_;
  Fired fired_;
  std::set<std::pair<SteadyTime, Key>> by_time_;
  std::map<Key, SteadyTime> by_key_;
  std::unique_ptr<Signal> changed_;
  bool stopping_ = false;
};

}  // namespace earshot::calls::detail
