#pragma once
// The sink that everybody raises alerts to: told at once (log and metric), and stored for the
// webhooks unless a commit has done so already. Raising never waits; what is to be stored waits in
// a queue with a bound, and is lost to the webhooks, not to the log, when the process is killed or
// the queue is full.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "ports/alert_sink.hpp"
#include "ports/call_store.hpp"

#include <memory>

namespace earshot::alerts {

struct OutboxServices {
  AlertSink& told;
  Executor& executor;  // where alerts are stored
  Clock& clock;
  Counters& counters;
  Log& log;
};

class AlertOutbox : public AlertSink {
 public:
  // All that `services` names outlives this.
  explicit AlertOutbox(OutboxServices services);
  ~AlertOutbox() override;

  void raise(const Alert& alert) override;
  void announce(const Alert& alert) override;

  // Stores what was raised outside a commit, until stop(). Once; `store` outlives it.
  Task<void> run(CallStore* store);
  // What waits is stored once more if the database answers.
  void stop();

 private:
  struct State;
  OutboxServices services_;
  std::shared_ptr<State> state_;  // outlived by what was posted to the executor
};

}  // namespace earshot::alerts
