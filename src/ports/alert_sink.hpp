#pragma once
// What a person should hear of. Implementations: log and metric (app), and those with the durable
// outbox behind them (alerts). Never waits; any thread.

#include "domain/alert.hpp"

namespace earshot {

class AlertSink {
 public:
  virtual ~AlertSink() = default;
  // Tells it, and has it stored.
  virtual void raise(const Alert& alert) = 0;
  // Tells of one that a commit has stored (Changes::alerts).
  virtual void announce(const Alert& alert) { raise(alert); }
};

}  // namespace earshot
