#pragma once
// The whole service, built and connected: `start` makes every part and gives it what it needs;
// nothing else in the program makes an adapter. What is outside the process comes in through
// `Outside`, so that a scenario test runs the same service on one event loop, a manual clock and a
// network in memory.

#include "app/config.hpp"
#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "net/network.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace earshot::app {

// Given at construction, outlive the service.
struct Outside {
  net::Network& network;
  // workers[0] is the control thread.
  std::vector<Executor*> workers;
  Clock& clock;
  Random& random;
  Log& log;
  Counters& counters;
  Offload& offload;  // database and files
  // The event spool's own: a database that hangs rather than fails holds every thread of `offload`,
  // and that is just when events must reach the spool. None: `offload`.
  Offload* spool_offload = nullptr;
  // The tap spool's thread writes in real time; with a clock that runs ahead of it more must wait.
  std::size_t tap_run_bytes_waiting_max = 512 * 1024;
  std::size_t connections_per_worker_max = 10'000;
};

class Service {
 public:
  virtual ~Service() = default;
  virtual std::uint16_t port() const = 0;
  // Takes no new calls, lets those in progress finish until `deadline`, then ends them; closes
  // everything. Runs on the control thread.
  virtual Task<void> stop(SteadyTime deadline) = 0;
};

// Serves when it returns. Runs on the control thread. Fails with a sentence for the operator: what
// could not be opened, and what to do.
Task<Result<std::unique_ptr<Service>>> start_service(Config config, Outside outside);

}  // namespace earshot::app
