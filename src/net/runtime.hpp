#pragma once
// The threads of a process: `workers` event loops, one a thread. Worker 0 is the control thread
// (calls, jobs, REST decisions); a call's audio lives on the worker that accepted its media socket.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace earshot::net {

class Runtime {
 public:
  explicit Runtime(std::size_t workers);
  ~Runtime();  // stops and joins
  std::size_t workers() const;
  Executor& worker(std::size_t index);
  // What posted work throws, on any worker, ends there: `report` hears of it on that worker's
  // thread, and the loop goes on. Without it, run() throws what worker 0's work threw, and the
  // process ends by another's. Before run().
  void contain(std::function<void(std::string_view what)> report);
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

// Blocking work on `threads` threads of its own. `queue_max` pieces of work may wait; what comes
// then is not run, counted in `refused` (which outlives this; none: not counted), and its run()
// throws std::system_error with resource_unavailable_try_again.
std::unique_ptr<Offload> make_thread_offload(std::size_t threads, std::size_t queue_max = 10'000,
                                             Counter* refused = nullptr);

}  // namespace earshot::net
