#include "jobs/retry_policy.hpp"

#include <algorithm>
#include <cmath>

namespace earshot::jobs {

Duration RetryPolicy::delay(int attempts, Random& random) const {
  const auto bound = static_cast<double>(std::max(delay_max, Duration(0)).count());
  const auto first = std::clamp(static_cast<double>(first_delay.count()), 0.0, bound);
  // An overflow to infinity is cut like everything above the bound.
  const auto grown =
      first == 0.0 ? 0.0 : first * std::pow(std::max(factor, 1.0), std::max(attempts - 1, 0));
  const auto taken_away = std::clamp(jitter, 0.0, 1.0) * random.next_unit();
  return Duration(static_cast<Duration::rep>(std::min(grown, bound) * (1.0 - taken_away)));
}

}  // namespace earshot::jobs
