#include "store/detail/alert_rows.hpp"

#include "store/detail/stored_text.hpp"
#include "store/detail/words.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::store {
namespace {

// No statement holds more rows than this for longer than it must.
constexpr long long purged_at_once_max = 1000;

DatabaseError missing() {
  return {{.kind = ErrorKind::not_found, .message = "there is no such alert"}, false};
}

StoredAlert read_alert(Row& row) {
  StoredAlert stored;
  stored.id.text = row.text();
  stored.alert.kind = row.text();
  stored.alert.call.text = row.text();
  stored.alert.recording.text = row.text();
  stored.alert.message = row.text();
  stored.alert.at = row.time();
  stored.alert.expires_at = row.time_or_none();
  from_word(row.text(), stored.state);
  return stored;
}

AlertDelivery read_delivery(Row& row) {
  AlertDelivery delivery;
  delivery.endpoint = row.text();
  delivery.host = row.text();
  from_word(row.text(), delivery.state);
  delivery.attempts = static_cast<int>(row.number());
  delivery.last_status = static_cast<int>(row.number());
  delivery.last_error = row.text();
  delivery.next_at = row.time();
  delivery.delivered_at = row.time_or_none();
  return delivery;
}

std::vector<AlertDelivery> deliveries_of(Connection& connection, const AlertId& id) {
  std::vector<AlertDelivery> deliveries;
  for (auto& row : connection.query(
           "SELECT endpoint, host, state, attempts, last_status, last_error, next_at, delivered_at "
           "FROM alert_deliveries WHERE alert_id = :alert_id ORDER BY endpoint",
           8, {{"alert_id", id}}))
    deliveries.push_back(read_delivery(row));
  return deliveries;
}

std::vector<StoredAlert> query_alerts(Connection& connection, std::string_view where,
                                      const Params& params) {
  const auto sql = fmt::format(
      "SELECT alert_id, kind, context_id, recording_id, message, raised_at, expires_at, state FROM "
      "alerts {}",
      where);
  std::vector<StoredAlert> alerts;
  for (auto& row : connection.query(sql, 8, params)) alerts.push_back(read_alert(row));
  for (auto& stored : alerts) stored.deliveries = deliveries_of(connection, stored.id);
  return alerts;
}

void set_state(Connection& connection, const AlertId& id, AlertState state) {
  const auto changed =
      connection.execute("UPDATE alerts SET state = :state WHERE alert_id = :alert_id",
                         {{"state", to_word(state)}, {"alert_id", mend_text(id.text)}});
  if (changed == 0) throw missing();
}

}  // namespace

std::string alert_key(const Alert& alert, const AlertId& id) {
  return alert.call.empty() ? id.text : fmt::format("{}/{}", alert.call.text, alert.kind);
}

NewJob delivery_job(const AlertId& id, WallTime due) {
  return {.kind = deliver_alert_job,
          .subject = id.text,
          .payload = "{}",
          .due = due,
          .deadline = {},
          .unique_key = fmt::format("{}/{}", deliver_alert_job, id.text)};
}

bool put_alert(Connection& connection, const Alert& alert, const AlertId& id) {
  return connection.execute(
             "INSERT INTO alerts (alert_id, alert_key, kind, context_id, recording_id, message, "
             "raised_at, expires_at, state) VALUES (:alert_id, :alert_key, :kind, :context_id, "
             ":recording_id, :message, :raised_at, :expires_at, 'waiting') ON CONFLICT DO NOTHING",
             {{"alert_id", id},
              {"alert_key", alert_key(alert, id)},
              {"kind", alert.kind},
              {"context_id", alert.call},
              {"recording_id", alert.recording},
              {"message", mend_text(alert.message)},
              {"raised_at", alert.at},
              {"expires_at", alert.expires_at}}) == 1;
}

std::optional<StoredAlert> find_alert(Connection& connection, const AlertId& id) {
  if (!is_storable_id(id.text, context_id_bytes_max)) return std::nullopt;
  auto found = query_alerts(connection, "WHERE alert_id = :alert_id", {{"alert_id", id}});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<StoredAlert> list_alerts(Connection& connection, const AlertQuery& query) {
  std::string where = "WHERE 1 = 1";
  Params params{{"limit", static_cast<long long>(std::clamp(query.limit, 0, list_limit_max))}};
  if (query.state) {
    where += " AND state = :state";
    params.emplace_back("state", to_word(*query.state));
  }
  if (!query.call.empty()) {
    if (!is_storable_id(query.call.text, context_id_bytes_max)) return {};
    where += " AND context_id = :context_id";
    params.emplace_back("context_id", query.call);
  }
  if (!query.before_id.empty()) {
    const auto before = find_alert(connection, {query.before_id});
    if (!before)
      throw DatabaseError(
          {.kind = ErrorKind::not_found, .message = "there is no alert to list on from"}, false);
    where += " AND (raised_at < :before_at OR (raised_at = :before_at AND alert_id < :before))";
    params.emplace_back("before_at", before->alert.at);
    params.emplace_back("before", before->id);
  }
  where += " ORDER BY raised_at DESC, alert_id DESC LIMIT :limit";
  return query_alerts(connection, where, params);
}

void put_deliveries(Connection& connection, const AlertId& id, AlertState state,
                    const std::vector<AlertDelivery>& deliveries) {
  set_state(connection, id, state);
  for (const auto& delivery : deliveries)
    connection.execute(
        "INSERT INTO alert_deliveries (alert_id, endpoint, host, state, attempts, last_status, "
        "last_error, next_at, delivered_at) VALUES (:alert_id, :endpoint, :host, :state, "
        ":attempts, :last_status, :last_error, :next_at, :delivered_at) ON CONFLICT (alert_id, "
        "endpoint) DO UPDATE SET host = excluded.host, state = excluded.state, attempts = "
        "excluded.attempts, last_status = excluded.last_status, last_error = excluded.last_error, "
        "next_at = excluded.next_at, delivered_at = excluded.delivered_at",
        {{"alert_id", id},
         {"endpoint", mend_text(delivery.endpoint)},
         {"host", mend_text(delivery.host)},
         {"state", to_word(delivery.state)},
         {"attempts", static_cast<long long>(delivery.attempts)},
         {"last_status", static_cast<long long>(delivery.last_status)},
         {"last_error", mend_text(delivery.last_error)},
         {"next_at", delivery.next_at},
         {"delivered_at", delivery.delivered_at}});
}

void revive_alert(Connection& connection, const AlertId& id, WallTime now) {
  const auto stored = find_alert(connection, id);
  if (!stored) throw missing();
  if (stored->state != AlertState::dead)
    throw DatabaseError({.kind = ErrorKind::conflict,
                         .message = "nothing of the alert is dead, so there is nothing to retry"},
                        false);
  connection.execute(
      "DELETE FROM disabled_webhooks WHERE endpoint IN (SELECT endpoint FROM alert_deliveries "
      "WHERE alert_id = :alert_id AND state = 'dead')",
      {{"alert_id", id}});
  connection.execute(
      "UPDATE alert_deliveries SET state = 'waiting', attempts = 0, next_at = :now WHERE alert_id "
      "= :alert_id AND state = 'dead'",
      {{"now", now}, {"alert_id", id}});
  set_state(connection, id, AlertState::waiting);
}

void disable_webhook(Connection& connection, const DisabledWebhook& webhook) {
  connection.execute(
      "INSERT INTO disabled_webhooks (endpoint, host, disabled_at) VALUES (:endpoint, :host, "
      ":disabled_at) ON CONFLICT DO NOTHING",
      {{"endpoint", mend_text(webhook.endpoint)},
       {"host", mend_text(webhook.host)},
       {"disabled_at", webhook.at}});
}

std::vector<DisabledWebhook> find_disabled_webhooks(Connection& connection) {
  std::vector<DisabledWebhook> disabled;
  for (auto& row : connection.query(
           "SELECT endpoint, host, disabled_at FROM disabled_webhooks ORDER BY endpoint", 3)) {
    DisabledWebhook webhook;
    webhook.endpoint = row.text();
    webhook.host = row.text();
    webhook.at = row.time();
    disabled.push_back(std::move(webhook));
  }
  return disabled;
}

int purge_alerts(Connection& connection, WallTime before) {
  const Params params{{"before", before}, {"limit", purged_at_once_max}};
  constexpr std::string_view old =
      "SELECT alert_id FROM alerts WHERE raised_at < :before AND state <> 'waiting' ORDER BY "
      "raised_at, alert_id LIMIT :limit";
  connection.execute(fmt::format("DELETE FROM alert_deliveries WHERE alert_id IN ({})", old),
                     params);
  return static_cast<int>(
      connection.execute(fmt::format("DELETE FROM alerts WHERE alert_id IN ({})", old), params));
}

}  // namespace earshot::store
