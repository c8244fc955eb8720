#pragma once
// The tables alerts, alert_deliveries and disabled_webhooks. All functions throw DatabaseError.

#include "ports/alert_store.hpp"
#include "ports/job_store.hpp"
#include "store/detail/connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::store {

// What an alert is one of.
std::string alert_key(const Alert& alert, const AlertId& id);
NewJob delivery_job(const AlertId& id, WallTime due);

// False: it is stored already.
bool put_alert(Connection& connection, const Alert& alert, const AlertId& id);
std::optional<StoredAlert> find_alert(Connection& connection, const AlertId& id);
std::vector<StoredAlert> list_alerts(Connection& connection, const AlertQuery& query);
void put_deliveries(Connection& connection, const AlertId& id, AlertState state,
                    const std::vector<AlertDelivery>& deliveries);
void revive_alert(Connection& connection, const AlertId& id, WallTime now);
void disable_webhook(Connection& connection, const DisabledWebhook& webhook);
std::vector<DisabledWebhook> find_disabled_webhooks(Connection& connection);
int purge_alerts(Connection& connection, WallTime before);

}  // namespace earshot::store
