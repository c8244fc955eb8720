#include "alerts/delivery_rules.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::alerts {

bool is_gone(const AttemptOutcome& outcome) { return outcome.status == 410; }

AlertDelivery after_attempt(AlertDelivery delivery, const AttemptOutcome& outcome, WallTime now,
                            Random& random) {
  delivery.last_status = outcome.status;
  if (outcome.status >= 200 && outcome.status < 300) {
    delivery.state = DeliveryState::delivered;
    delivery.delivered_at = now;
    delivery.last_error.clear();
    return delivery;
  }
  ++delivery.attempts;
  delivery.last_error =
      outcome.status == 0 ? outcome.error : fmt::format("it answered {}", outcome.status);
  if (is_gone(outcome) || delivery.attempts >= attempts_max) {
    delivery.state = DeliveryState::dead;
    return delivery;
  }
  const auto planned = retry_delays.at(static_cast<std::size_t>(delivery.attempts - 1));
  const auto spread = std::chrono::duration_cast<Duration>(planned * (jitter * random.next_unit()));
  delivery.next_at =
      now + std::max(planned + spread, outcome.retry_after.value_or(Duration::zero()));
  return delivery;
}

AlertState state_of(const std::vector<AlertDelivery>& deliveries) {
  if (deliveries.empty()) return AlertState::kept;
  const auto any = [&](DeliveryState state) {
    return std::ranges::find(deliveries, state, &AlertDelivery::state) != deliveries.end();
  };
  if (any(DeliveryState::waiting)) return AlertState::waiting;
  return any(DeliveryState::dead) ? AlertState::dead : AlertState::delivered;
}

}  // namespace earshot::alerts
