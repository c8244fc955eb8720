#pragma once
// How long our sound takes to the caller's ear, as the recordings of recent calls showed it: the
// estimate that each new call's bridge is given. Stored with the calls, so that it outlives the
// process and replicas share it.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "ports/downlink_store.hpp"

#include <atomic>
#include <memory>
#include <optional>

namespace earshot::recording {

struct DownlinkOptions {
  Duration otherwise = 250ms;                        // where nothing was measured
  std::optional<Duration> fixed;                     // set by hand: nothing else is used
  Duration refresh_every = std::chrono::minutes(1);  // for what other replicas measured
};

class DownlinkEstimate {
 public:
  // All outlive this.
  DownlinkEstimate(DownlinkStore& store, Clock& clock, Counters& counters, Log& log,
                   DownlinkOptions options);

  // On any thread; never waits.
  Duration current() const { return Duration(us_.load(std::memory_order_relaxed)); }
  // Asks the store; when that fails the estimate stays as it is.
  Task<void> refresh();
  // Refreshes until stop().
  Task<void> run();
  void stop();

 private:
  DownlinkStore& store_;
  Clock& clock_;
  Log& log_;
  DownlinkOptions options_;
  Gauge& gauge_;
  std::unique_ptr<Signal> wake_;
  bool stopping_ = false;
  std::atomic<Duration::rep> us_;
};

}  // namespace earshot::recording
