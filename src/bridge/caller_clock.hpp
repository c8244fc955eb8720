#pragma once
// Where in the call the caller's frames belong. Samples are counted from one anchor; ACS's
// timestamps only reveal gaps, and when they do, by more than two frames, the count is anchored
// anew. The moment of arrival places nothing but the first frame of a socket, so a stall followed
// by a burst neither lengthens nor shifts the call. Positions are samples of call time. Pure; one
// thread.

#include "base/time.hpp"

#include <cstdint>
#include <optional>

namespace earshot::bridge {

enum class FramePlace {
  counted,     // follows the frame before it
  first,       // of a socket: anchored
  after_gap,   // the timestamps jumped: time is missing before it
  reanchored,  // had been late for too long: anchored at its arrival
  duplicate,   // the frame before it again: belongs nowhere
  late,        // belongs to a time that ledger and tap have closed
  too_early,   // ahead of real time by more than can be: belongs nowhere
};

struct PlacedFrame {
  FramePlace place = FramePlace::counted;
  std::int64_t position = 0;
  bool in_witness() const {
    return place != FramePlace::duplicate && place != FramePlace::late &&
           place != FramePlace::too_early;
  }
};

class CallerClock {
 public:
  explicit CallerClock(std::uint32_t rate_hz) : rate_hz_(rate_hz) {}

  // `arrival`: position of now. `closed_until`: ledger and tap are written up to here.
  PlacedFrame place(std::int64_t arrival, std::optional<WallTime> stamp, std::int64_t samples,
                    std::int64_t closed_until);
  // The next frame comes from another socket, or after a silence: it is anchored.
  void lose_socket() { anchored_ = false; }
  // Where the next counted frame begins.
  std::int64_t next_position() const { return next_; }

  // Stamps reveal gaps once one was finer than this, or a step was smaller than that.
  static constexpr Duration stamp_coarse_step = 100ms;
  static constexpr Duration stamp_step_max = 40ms;
  static constexpr Duration ahead_max = 2s;         // of real time
  static constexpr Duration gap_ahead_max = 250ms;  // a gap may not lead into the future
  static constexpr Duration late_max = 1s;          // then anchored at arrival
  static constexpr Duration stamp_anchor_error_max = 2s;

 private:
  std::int64_t samples_in(Duration duration) const {
    return duration.count() * static_cast<std::int64_t>(rate_hz_) / 1'000'000;
  }
  std::optional<std::int64_t> by_stamp(std::optional<WallTime> stamp) const;
  PlacedFrame follow(std::int64_t arrival, std::optional<WallTime> stamp, std::int64_t samples);
  PlacedFrame anchor(std::int64_t arrival, std::optional<WallTime> stamp, std::int64_t samples);
  void remember(std::optional<WallTime> stamp, std::int64_t position);

  std::uint32_t rate_hz_;
  bool anchored_ = false;
  std::int64_t next_ = 0;
  std::optional<WallTime> reference_stamp_;
  std::int64_t reference_position_ = 0;
  std::optional<WallTime> last_stamp_;
  bool stamps_are_fine_ = false;
  std::optional<std::int64_t> late_since_;
};

}  // namespace earshot::bridge
