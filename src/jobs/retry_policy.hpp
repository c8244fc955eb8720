#pragma once
// How long to wait before the next attempt: growing by a factor up to a bound, spread by chance so
// that many that failed together do not come back together.

#include "base/random.hpp"
#include "base/time.hpp"

namespace earshot::jobs {

struct RetryPolicy {
  Duration first_delay = 1s;
  double factor = 2.0;  // at least 1
  Duration delay_max = 300s;
  // Part of the delay that chance may take away: 0.2 gives 80 to 100 % of it. From 0 to 1.
  double jitter = 0.2;

  // `attempts`: how many have failed before; 0 and 1 give the first delay. Never above delay_max,
  // never below zero.
  Duration delay(int attempts, Random& random) const;
};

}  // namespace earshot::jobs
