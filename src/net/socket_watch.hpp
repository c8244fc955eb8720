#pragma once
// Cuts a WebSocket that has not done what it should by a time. For the first messages of a
// connection, which are awaited with receive(): that one must not be cancelled by a timer.

#include "base/clock.hpp"
#include "base/task_group.hpp"
#include "net/websocket.hpp"

#include <memory>

namespace earshot::net {

// Watches as long as it lives. `socket` outlives it; `clock` and `watchers` outlive the task that
// watches, which ends soon after.
class SocketWatch {
 public:
  SocketWatch(WebSocket& socket, Clock& clock, TaskGroup& watchers, SteadyTime deadline);
  ~SocketWatch();
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;
  bool has_cut() const;

 private:
  struct State;
  static Task<void> watch(std::shared_ptr<State> state, SteadyTime deadline);
  std::shared_ptr<State> state_;
};

}  // namespace earshot::net
