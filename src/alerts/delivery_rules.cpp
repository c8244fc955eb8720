#include "alerts/delivery_rules.hpp"

#include <algorithm>
#include <charconv>
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

std::optional<Duration> parse_retry_after(std::string_view text, WallTime now) {
  constexpr long long seconds_max = retry_after_max / 1s;
  long long seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (!text.empty() && end == text.data() + text.size()) {
    if (error == std::errc::result_out_of_range && !text.starts_with('-')) return retry_after_max;
    if (error != std::errc{} || seconds < 0) return std::nullopt;
    return std::chrono::seconds(std::min(seconds, seconds_max));
  }
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp<Duration>(*date - now, Duration::zero(), retry_after_max);
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
