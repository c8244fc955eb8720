#pragma once
// A time after which something is called, moved as often as one likes: moving it later costs
// nothing, because the one timer behind it wakes at the old time and looks again. So a socket has
// one timer for its life and none a message.

#include "base/clock.hpp"
#include "base/executor.hpp"

#include <functional>
#include <memory>

namespace earshot::net::detail {

class Deadline {
 public:
  // `on_expiry` runs on the executor, once for each time that is set and reached. Nothing runs
  // after destruction.
  Deadline(Executor& executor, Clock& clock, std::move_only_function<void()> on_expiry);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(SteadyTime time);
  void clear();

 private:
  struct State;
  static Task<void> watch(std::shared_ptr<State> state);
  Executor& executor_;
  std::shared_ptr<State> state_;
};

}  // namespace earshot::net::detail
