#pragma once
// The caller's audio while no session is ready to take it: the newest stretch, bounded; the oldest
// goes. Afterwards it is given to the session two frames for each that arrives, so at most at twice
// real time. One thread.

#include "base/time.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace earshot::bridge {

struct EarlyFrame {
  std::string base64;  // at the phone side's rate
  Duration call_time{0};
  Duration length{0};
};

class EarlyAudio {
 public:
  explicit EarlyAudio(Duration length_max) : length_max_(length_max) {}

  // Gives the number of frames that had to go.
  std::size_t push(std::string_view base64, Duration call_time, Duration length) {
    frames_.push_back({std::string(base64), call_time, length});
    length_ += length;
    std::size_t dropped = 0;
    for (; length_ > length_max_ && !frames_.empty(); ++dropped) pop();
    return dropped;
  }
  bool empty() const { return frames_.empty(); }
  Duration length() const { return length_; }
  const EarlyFrame& front() const { return frames_.front(); }
  void pop() {
    length_ -= frames_.front().length;
    frames_.pop_front();
  }

 private:
  Duration length_max_;
  Duration length_{0};
  std::deque<EarlyFrame> frames_;
};

}  // namespace earshot::bridge
