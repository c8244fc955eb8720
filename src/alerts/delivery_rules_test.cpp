#include "alerts/delivery_rules.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::alerts;

namespace {

const WallTime noon = *parse_iso8601("2026-03-02T12:00:00Z");

}  // namespace

TEST_CASE("what is not taken is tried again at growing distances, and given up at last") {
  SeededRandom random(1);
  AlertDelivery delivery;
  auto now = noon;
  for (int failed = 1; failed < attempts_max; ++failed) {
    delivery =
        after_attempt(delivery, {.status = 503, .error = {}, .retry_after = {}}, now, random);
    CHECK(delivery.state == DeliveryState::waiting);
    CHECK(delivery.attempts == failed);
    const auto planned = retry_delays.at(static_cast<std::size_t>(failed - 1));
    CHECK(delivery.next_at - now >= planned);
    CHECK(delivery.next_at - now <= planned + planned / 5);
    now = delivery.next_at;
  }
  delivery =
      after_attempt(delivery, {.status = 0, .error = "refused", .retry_after = {}}, now, random);
  CHECK(delivery.state == DeliveryState::dead);
  CHECK(delivery.last_error == "refused");
  CHECK(now - noon > 72h);
}

TEST_CASE("any 2xx delivers, a redirect does not") {
  SeededRandom random(1);
  for (const int status : {200, 202, 204}) {
    const auto delivery =
        after_attempt({}, {.status = status, .error = {}, .retry_after = {}}, noon, random);
    CHECK(delivery.state == DeliveryState::delivered);
    CHECK(delivery.delivered_at == noon);
  }
  CHECK(after_attempt({}, {.status = 302, .error = {}, .retry_after = {}}, noon, random).state ==
        DeliveryState::waiting);
}

TEST_CASE("410 ends it at once") {
  SeededRandom random(1);
  const auto delivery =
      after_attempt({}, {.status = 410, .error = {}, .retry_after = {}}, noon, random);
  CHECK(delivery.state == DeliveryState::dead);
  CHECK(delivery.last_status == 410);
}

TEST_CASE("Retry-After is respected where it is longer than our own patience") {
  SeededRandom random(1);
  const auto longer =
      after_attempt({}, {.status = 429, .error = {}, .retry_after = 2min}, noon, random);
  CHECK(longer.next_at == noon + 2min);
  const auto shorter =
      after_attempt({}, {.status = 429, .error = {}, .retry_after = 1s}, noon, random);
  CHECK(shorter.next_at >= noon + 5s);
}

TEST_CASE("an alert is dead when nobody waits and somebody did not take it") {
  const auto of = [](std::vector<DeliveryState> states) {
    std::vector<AlertDelivery> deliveries;
    deliveries.reserve(states.size());
    for (const auto state : states) deliveries.push_back({.state = state});
    return state_of(deliveries);
  };
  CHECK(of({}) == AlertState::kept);
  CHECK(of({DeliveryState::delivered, DeliveryState::delivered}) == AlertState::delivered);
  CHECK(of({DeliveryState::delivered, DeliveryState::dead}) == AlertState::dead);
  CHECK(of({DeliveryState::waiting, DeliveryState::dead}) == AlertState::waiting);
}
