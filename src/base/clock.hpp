#pragma once
// The only sources of time and of waiting. Implementations: net/asio_clock (real),
// net/testing/manual_clock (moves when a test says so). One Clock serves all threads; sleeping
// happens on the awaiting coroutine's executor.

#include "base/task.hpp"
#include "base/time.hpp"

#include <memory>

namespace earshot {

enum class Wake { notified, timed_out };

// A coroutine waits on it for "something happened, or a time". One waiter at a time. All members
// are called on the executor of the waiting coroutine; from another thread, Executor::post a lambda
// that calls notify().
class Signal {
 public:
  virtual ~Signal() = default;
  // Wakes the waiter; with none, the next wait returns at once (notifications do not pile up).
  virtual void notify() = 0;
  virtual Task<Wake> wait_until(SteadyTime deadline) = 0;
  // Without a deadline.
  virtual Task<void> wait() = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall_now() const = 0;
  virtual SteadyTime steady_now() const = 0;
  virtual Task<void> sleep_until(SteadyTime time) = 0;
  virtual std::unique_ptr<Signal> make_signal() = 0;

  Task<void> sleep_for(Duration duration) { return sleep_until(steady_now() + duration); }
};

}  // namespace earshot
