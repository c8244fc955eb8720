#pragma once
// Alerts as a log line and a metric: earshot_alerts_total{kind=…}.

#include "base/counters.hpp"
#include "base/log.hpp"
#include "ports/alert_sink.hpp"

namespace earshot::app {

class LogAlertSink : public AlertSink {
 public:
  // Both outlive this.
  LogAlertSink(Log& log, Counters& counters) : log_(log), counters_(counters) {}
  void raise(const Alert& alert) override;

 private:
  Log& log_;
  Counters& counters_;
};

}  // namespace earshot::app
