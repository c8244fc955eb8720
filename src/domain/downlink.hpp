#pragma once
// How long it takes from our sending a sound until the caller hears it. Nothing on the wire tells;
// where a StopAudio cut an utterance, the recording does. Pure.

#include "base/time.hpp"
#include "domain/ids.hpp"
#include "domain/turn.hpp"

#include <optional>
#include <span>
#include <vector>

namespace earshot {

// Of one call.
struct MeasuredDownlink {
  ContextId call;
  WallTime at{};  // the call's time zero
  Duration delay{0};
  Duration uncertainty{0};  // half-width, of a typical cut
  int cuts = 0;             // from which it was measured

  bool operator==(const MeasuredDownlink&) const = default;
};

// The estimate is bounded by this and by zero.
inline constexpr Duration downlink_max = 1s;
// What is less certain is not used.
inline constexpr Duration downlink_uncertainty_max = 100ms;
// Calls that are asked, the newest.
inline constexpr int downlink_calls_max = 20;
// Where half of the calls are further than this from the middle one, there is no common delay.
inline constexpr Duration downlink_spread_max = 150ms;

// From a call's verified cuts; nullopt: none tells. An utterance whose last sound had been played
// when StopAudio left was not cut by it, and tells nothing.
std::optional<MeasuredDownlink> measure_downlink(const ContextId& call, WallTime at,
                                                 const std::vector<Turn>& turns);

// The middle of the recent calls' delays; nullopt: nothing was measured, or they disagree.
std::optional<Duration> estimate_downlink(std::span<const MeasuredDownlink> recent);

}  // namespace earshot
