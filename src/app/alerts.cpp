#include "app/alerts.hpp"

namespace earshot::app {

void LogAlertSink::raise(const Alert& alert) {
  counters_
      .counter("earshot_alerts_total", "Things that a person should hear of",
               {{"kind", alert.kind}})
      .add();
  log_.error(
      "alert: " + alert.message,
      {{"kind", alert.kind}, {"call", alert.call.text}, {"recording", alert.recording.text}});
}

}  // namespace earshot::app
