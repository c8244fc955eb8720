#include "jobs/retry_policy.hpp"

#include <doctest/doctest.h>
#include <limits>

namespace earshot::jobs {

TEST_CASE("the delay grows by the factor and never beyond its bound") {
  SeededRandom random(1);
  const RetryPolicy policy{.first_delay = 1s, .factor = 3, .delay_max = 20s, .jitter = 0};
  CHECK(policy.delay(0, random) == 1s);
  CHECK(policy.delay(1, random) == 1s);
  CHECK(policy.delay(2, random) == 3s);
  CHECK(policy.delay(3, random) == 9s);
  CHECK(policy.delay(4, random) == 20s);
  CHECK(policy.delay(std::numeric_limits<int>::max(), random) == 20s);
  CHECK(policy.delay(-5, random) == 1s);
}

TEST_CASE("chance spreads the delay within its part, and differently each time") {
  SeededRandom random(7);
  const RetryPolicy policy{.first_delay = 10s, .factor = 1, .delay_max = 10s, .jitter = 0.5};
  auto shortest = Duration::max();
  auto longest = Duration::min();
  for (int i = 0; i < 1000; ++i) {
    const auto delay = policy.delay(i, random);
    CHECK(delay >= 5s);
    CHECK(delay <= 10s);
    shortest = std::min(shortest, delay);
    longest = std::max(longest, delay);
  }
  CHECK(longest - shortest > 4s);
}

TEST_CASE("a policy out of its senses still gives a delay from zero to its bound") {
  SeededRandom random(3);
  const RetryPolicy shrinking{.first_delay = 4s, .factor = 0.1, .delay_max = 9s, .jitter = -3};
  CHECK(shrinking.delay(5, random) == 4s);
  const RetryPolicy negative{.first_delay = -4s, .factor = 2, .delay_max = -1s, .jitter = 9};
  CHECK(negative.delay(100, random) == 0s);
  const RetryPolicy above{.first_delay = 40s, .factor = 2, .delay_max = 9s, .jitter = 0};
  CHECK(above.delay(1, random) == 9s);
}

}  // namespace earshot::jobs
