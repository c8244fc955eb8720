#pragma once
// The stretches of call time of which nothing may be kept: while the recording is paused. Audio and
// words may come late, so those that are over are remembered too. Pure; one thread.

#include "base/time.hpp"

#include <algorithm>
#include <deque>
#include <optional>

namespace earshot::bridge {

class PrivateTime {
 public:
  void begin(Duration at) {
    if (since_) return;
    since_ = at;
  }
  void end(Duration at) {
    if (!since_) return;
    if (over_.size() == stretches_max) over_.pop_front();
    over_.push_back({*since_, std::max(*since_, at)});
    since_.reset();
  }
  bool is_on() const { return since_.has_value(); }
  bool contains(Duration at) const {
    if (since_ && at >= *since_) return true;
    return std::ranges::any_of(
        over_, [at](const Stretch& each) { return at >= each.from && at < each.to; });
  }
  // Where private time begins that [from, to] touches, `from` at the earliest.
  std::optional<Duration> first_in(Duration from, Duration to) const {
    for (const Stretch& each : over_)
      if (each.from <= to && from < each.to) return std::max(each.from, from);
    if (since_ && *since_ <= to) return std::max(*since_, from);
    return std::nullopt;
  }

  // That are over; the oldest are forgotten, of which nothing comes any more.
  static constexpr std::size_t stretches_max = 64;

 private:
  struct Stretch {
    Duration from{0};
    Duration to{0};
  };
  std::optional<Duration> since_;
  std::deque<Stretch> over_;
};

}  // namespace earshot::bridge
