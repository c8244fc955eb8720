#pragma once
// The durable outbox of alerts. They are written with what they are about (Changes::alerts in
// ports/call_store.hpp), together with the job that delivers them; here is what follows.
// Implementations: those of CallStore. Thread-safe.

#include "base/task.hpp"
#include "domain/alert.hpp"

#include <string>
#include <vector>

namespace earshot {

// The job that is added with each alert; its subject is the AlertId.
inline constexpr const char* deliver_alert_job = "deliver_alert";

struct AlertQuery {
  std::optional<AlertState> state;
  ContextId call;         // empty: of all
  std::string before_id;  // paging: what came before this alert, newest first
  int limit = 50;
};

// A webhook that said that it is gone (HTTP 410): nothing is sent to it any more.
struct DisabledWebhook {
  std::string endpoint;
  std::string host;
  WallTime at{};
};

class AlertStore {
 public:
  virtual ~AlertStore() = default;
  virtual Task<Result<StoredAlert>> load_alert(AlertId id) = 0;                      // `not_found`
  virtual Task<Result<std::vector<StoredAlert>>> list_alerts(AlertQuery query) = 0;  // newest first
  // Deliveries are inserted or updated by endpoint. `not_found`
  virtual Task<Result<void>> save_deliveries(AlertId id, AlertState state,
                                             std::vector<AlertDelivery> deliveries) = 0;
  // What is dead waits again, with all its attempts; its webhooks are no longer disabled; the job
  // is added. `not_found`; `conflict` when nothing of it is dead.
  virtual Task<Result<void>> retry_alert(AlertId id, WallTime now) = 0;
  virtual Task<Result<void>> disable_webhook(DisabledWebhook webhook) = 0;
  virtual Task<Result<std::vector<DisabledWebhook>>> disabled_webhooks() = 0;
  // Those raised before, unless they still wait; gives how many went.
  virtual Task<Result<int>> purge_alerts(WallTime before) = 0;
};

}  // namespace earshot
