#include "bridge/session_clock.hpp"

#include <algorithm>

namespace earshot::bridge {

void SessionClock::add_anchor(Duration call_time) {
  // Audio that is too short to have counted yet leaves an anchor of no length: replace it.
  if (!anchors_.empty() && anchors_.back().session_time == appended_) {
    anchors_.back().call_time = call_time;
    return;
  }
  if (anchors_.size() == anchors_max) anchors_.erase(anchors_.begin());
  anchors_.push_back({appended_, call_time});
}

Duration SessionClock::to_call_time(Duration session_time) const {
  if (anchors_.empty()) return session_time;
  const auto after = std::ranges::upper_bound(anchors_, session_time, {}, &Anchor::session_time);
  const Anchor& anchor = after == anchors_.begin() ? anchors_.front() : *std::prev(after);
  return anchor.call_time + (session_time - anchor.session_time);
}

}  // namespace earshot::bridge
