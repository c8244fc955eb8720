#pragma once
// How what the phone played finds its way back into what comes in of the caller: later and quieter.
// Sample-exact, frame by frame; no clock of its own.

#include "simulator/call_plan.hpp"

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace earshot::simulator {

class EchoPath {
 public:
  // The troubles of kind `echo` among them; where two overlap, both are heard.
  EchoPath(const std::vector<MediaTrouble>& troubles, std::uint32_t rate_hz);

  // The next frame: what the phone plays in it, and what the caller says in it, to which the echo
  // is added. Gives whether there was any. Frames come without a hole from the call's beginning.
  bool add(std::span<const std::int16_t> played, std::span<std::int16_t> caller);

 private:
  struct Echo {
    std::int64_t from = 0;  // samples since the call connected, of what comes back
    std::int64_t to = 0;
    std::int64_t delay = 0;
    double gain = 0;
  };
  std::vector<Echo> echoes_;
  std::int64_t delay_max_ = 0;
  std::int64_t position_ = 0;
  std::deque<std::int16_t> played_;  // the last of it, from position_ - played_.size() on
};

}  // namespace earshot::simulator
