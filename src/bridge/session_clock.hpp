#pragma once
// What a session's own times mean in call time. The assistant counts the audio that was appended to
// its session; this remembers, piecewise, to which call time each appended stretch belongs. One per
// session, so its times stay right over rotation and reconnection. Times are the call's clock.
// Pure; one thread.

#include "base/time.hpp"

#include <cstdint>
#include <vector>

namespace earshot::bridge {

class SessionClock {
 public:
  // `length` of audio that begins at `call_time` was appended.
  void appended(Duration call_time, Duration length) {
    if (anchors_.empty() || drift_from_last(call_time) > anchor_step ||
        drift_from_last(call_time) < -anchor_step)
      add_anchor(call_time);
    appended_ += length;
  }
  // Session time (of the appended audio) to call time. Beyond what was appended: on from its end.
  Duration to_call_time(Duration session_time) const;
  Duration appended_in_all() const { return appended_; }
  std::size_t anchors() const { return anchors_.size(); }

  static constexpr Duration anchor_step = 1ms;      // smaller differences make no new anchor
  static constexpr std::size_t anchors_max = 1024;  // the oldest go

 private:
  struct Anchor {
    Duration session_time;
    Duration call_time;
  };
  Duration drift_from_last(Duration call_time) const {
    const Anchor& last = anchors_.back();
    return call_time - (last.call_time + (appended_ - last.session_time));
  }
  void add_anchor(Duration call_time);

  std::vector<Anchor> anchors_;
  Duration appended_{0};
};

}  // namespace earshot::bridge
