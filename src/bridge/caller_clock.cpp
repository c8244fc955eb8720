#include "bridge/caller_clock.hpp"

#include <algorithm>
#include <cstdlib>

namespace earshot::bridge {

std::optional<std::int64_t> CallerClock::by_stamp(std::optional<WallTime> stamp) const {
  if (!stamp || !reference_stamp_) return std::nullopt;
  return reference_position_ + samples_in(*stamp - *reference_stamp_);
}

void CallerClock::remember(std::optional<WallTime> stamp, std::int64_t position) {
  reference_stamp_ = stamp;
  reference_position_ = position;
}

PlacedFrame CallerClock::anchor(std::int64_t arrival, std::optional<WallTime> stamp,
                                std::int64_t samples) {
  std::int64_t position = arrival - samples;
  const auto stamped = by_stamp(stamp);
  if (stamped && std::abs(*stamped - position) <= samples_in(stamp_anchor_error_max))
    position = *stamped;
  position = std::max(position, next_);
  anchored_ = true;
  remember(stamp, position);
  return {FramePlace::first, position};
}

PlacedFrame CallerClock::follow(std::int64_t arrival, std::optional<WallTime> stamp,
                                std::int64_t samples) {
  if (stamp && stamp->time_since_epoch() % stamp_coarse_step != Duration{0})
    stamps_are_fine_ = true;
  if (stamp && last_stamp_) {
    const Duration step = *stamp - *last_stamp_;
    if (stamps_are_fine_ && step == Duration{0}) return {FramePlace::duplicate, next_};
    if (step > Duration{0} && step <= stamp_step_max) stamps_are_fine_ = true;
  }
  const auto stamped = by_stamp(stamp);
  if (!stamped) {
    if (stamp) remember(stamp, next_);
    return {FramePlace::counted, next_};
  }
  const std::int64_t ahead = *stamped - next_;
  if (std::abs(ahead) <= 2 * samples) return {FramePlace::counted, next_};
  const bool can_be = ahead > 0 && *stamped + samples <= arrival + samples_in(gap_ahead_max);
  // Whole seconds, for all we have seen so far: when finer ones come, the gap still shows.
  if (can_be && !stamps_are_fine_) return {FramePlace::counted, next_};
  // Backwards or into the future: the stamps' own clock moved, not the audio.
  const bool is_gap = can_be;
  const std::int64_t position = is_gap ? *stamped : next_;
  remember(stamp, position);
  return {is_gap ? FramePlace::after_gap : FramePlace::counted, position};
}

PlacedFrame CallerClock::place(std::int64_t arrival, std::optional<WallTime> stamp,
                               std::int64_t samples, std::int64_t closed_until) {
  PlacedFrame placed =
      anchored_ ? follow(arrival, stamp, samples) : anchor(arrival, stamp, samples);
  if (placed.place == FramePlace::duplicate) return placed;
  if (placed.position + samples > arrival + samples_in(ahead_max))
    return {FramePlace::too_early, placed.position};
  if (stamp) last_stamp_ = stamp;
  if (placed.position >= closed_until) {
    late_since_.reset();
  } else if (late_since_ && arrival - *late_since_ >= samples_in(late_max)) {
    late_since_.reset();
    placed = {FramePlace::reanchored, std::max(closed_until, arrival - samples)};
    remember(stamp, placed.position);
  } else {
    if (!late_since_) late_since_ = arrival;
    placed.place = FramePlace::late;
  }
  next_ = placed.position + samples;
  return placed;
}

}  // namespace earshot::bridge
