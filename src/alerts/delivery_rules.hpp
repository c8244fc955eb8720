#pragma once
// What follows from one attempt to deliver an alert to a webhook: pure decisions.

#include "base/random.hpp"
#include "base/time.hpp"
#include "domain/alert.hpp"
#include "net/http_message.hpp"

#include <array>
#include <optional>
#include <string>

namespace earshot::alerts {

// What came of an attempt. Status 0: no answer, for the reason in `error`.
struct AttemptOutcome {
  int status = 0;
  std::string error;
  std::optional<Duration> retry_after;
};

// As Standard Webhooks recommends: about three days altogether.
inline constexpr std::array<Duration, 9> retry_delays{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
inline constexpr int attempts_max = static_cast<int>(retry_delays.size()) + 1;
// Part of a delay that chance adds, so that what failed together does not come back together.
inline constexpr double jitter = 0.2;

// 2xx delivers; 410 makes it dead at once; anything else is tried again, until attempts_max.
AlertDelivery after_attempt(AlertDelivery delivery, const AttemptOutcome& outcome, WallTime now,
                            Random& random);
bool is_gone(const AttemptOutcome& outcome);

// Of all deliveries together.
AlertState state_of(const std::vector<AlertDelivery>& deliveries);

}  // namespace earshot::alerts
