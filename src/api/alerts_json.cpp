#include "api/alert_routes.hpp"

#include <array>
#include <boost/json.hpp>

namespace earshot::api {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> states{"waiting", "delivered", "dead", "kept"};
constexpr std::array<std::string_view, 3> delivery_states{"waiting", "delivered", "dead"};

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(to_iso8601(*time)) : json::value(nullptr);
}

json::object object_of(const AlertDelivery& delivery) {
  const bool waits = delivery.state == DeliveryState::waiting;
  return {{"endpoint", delivery.endpoint},
          {"host", delivery.host},
          {"state", delivery_states.at(static_cast<std::size_t>(delivery.state))},
          {"failedAttempts", delivery.attempts},
          {"lastStatus", delivery.last_status},
          {"lastError", delivery.last_error},
          {"nextAt", waits ? json::value(to_iso8601(delivery.next_at)) : json::value(nullptr)},
          {"deliveredAt", time_or_null(delivery.delivered_at)}};
}

json::object object_of(const StoredAlert& stored) {
  json::array deliveries;
  for (const auto& delivery : stored.deliveries) deliveries.push_back(object_of(delivery));
  const auto& alert = stored.alert;
  return {{"id", stored.id.text},
          {"kind", alert.kind},
          {"contextId", alert.call.text},
          {"recordingId", alert.recording.text},
          {"message", alert.message},
          {"raisedAt", to_iso8601(alert.at)},
          {"expiresAt", time_or_null(alert.expires_at)},
          {"state", states.at(static_cast<std::size_t>(stored.state))},
          {"deliveries", std::move(deliveries)}};
}

}  // namespace

std::string alert_json(const StoredAlert& stored) { return json::serialize(object_of(stored)); }

std::string alerts_json(const std::vector<StoredAlert>& alerts) {
  json::array items;
  for (const auto& stored : alerts) items.push_back(object_of(stored));
  return json::serialize(json::object{{"alerts", std::move(items)}});
}

}  // namespace earshot::api
