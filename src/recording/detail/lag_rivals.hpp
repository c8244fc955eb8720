#pragma once
// Whether sound that was found at one lag would fit as well at another: beeps, ringing, a phrase
// said over and over. One unit says little of that, so neighbours are asked together, all moved by
// the same. Pure.

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace earshot::recording::detail {

// Where a unit lies only partly in the stretch, nobody knows.
inline constexpr float lag_unknown = std::numeric_limits<float>::quiet_NaN();

// One unit, with what speaks for each lag from `first_lag` on.
struct UnitClaim {
  std::int64_t from = 0;            // slot of the call
  std::int64_t to = 0;              // not in it
  std::int64_t lag = 0;             // that was found for it
  bool matched = false;             // false: its lag is none
  std::span<const float> evidence;  // as the lag was found by: sharp
  // As rivals are judged by: lags that match well are all worth the same. lag_unknown where the
  // unit does not lie in the stretch.
  std::span<const float> fit;
};

struct Rivalry {
  std::vector<std::int64_t> lags;  // at which it and its neighbours would fit nearly as well
  // Nothing can be said of other lags: at most of them next to nothing of it and its neighbours
  // lies in the stretch, most of them have rivals and lie elsewhere, or another one was found in
  // its place.
  bool unclear = false;
};

// Of each unit; of one that has no lag, nothing.
std::vector<Rivalry> rivalries(std::span<const UnitClaim> units, std::int64_t first_lag);

}  // namespace earshot::recording::detail
