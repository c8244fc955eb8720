#pragma once
// The threads of a process: `workers` event loops, one a thread. Worker 0 is the control thread
// (calls, jobs, REST decisions); a call's audio lives on the worker that accepted its media socket.

#include "base/clock.hpp"
#include "base/executor.hpp"

#include <cstddef>
#include <functional>
#include <memory>

namespace earshot::net {

class Runtime {
 public:
  explicit Runtime(std::size_t workers);
  ~Runtime();  // stops and joins
  std::size_t workers() const;
  Executor& worker(std::size_t index);
  // Runs worker 0 on the calling thread and the others on their own, until stop().
  void run();
  // Thread-safe.
  void stop();
  // Calls `handler` on worker 0 at SIGTERM or SIGINT; a second signal ends the process at once.
  void on_termination(std::move_only_function<void()> handler);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The real clock. Sleeps on the executor of the awaiting coroutine.
std::unique_ptr<Clock> make_asio_clock();

// Blocking work on `threads` threads of its own. `queue_max` waiting pieces of work; more wait for
// a place.
std::unique_ptr<Offload> make_thread_offload(std::size_t threads, std::size_t queue_max = 10'000);

}  // namespace earshot::net
