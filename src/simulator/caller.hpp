#pragma once
// The caller: gives the frames of the plan's audio, one after the other, having heard what the
// phone played. No clock of its own: a frame is the next 20 ms.

#include "simulator/call_plan.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace earshot::simulator {

struct CallerFrame {
  std::vector<std::int16_t> samples;
  bool silent = true;  // no utterance sounds in it
};

class Caller {
 public:
  // Utterances are resampled to `rate_hz` here.
  Caller(const CallPlan& plan, std::uint32_t rate_hz, Duration frame_length = 20ms);

  // `heard`: what the phone played during this frame. `started` gets the labels of the utterances
  // that begin in it.
  CallerFrame next(std::span<const std::int16_t> heard, std::vector<std::string>& started);

  bool has_said_everything() const { return next_ == utterances_.size() && speaking_.empty(); }
  // Since anybody spoke, or since the call connected.
  Duration quiet_for() const { return quiet_; }
  std::uint32_t frame_samples() const { return frame_samples_; }

 private:
  struct Utterance {
    CallerStart start;
    Duration delay;
    std::vector<std::int16_t> samples;
    std::string label;
    std::size_t said = 0;
  };
  bool is_due(const Utterance& utterance) const;

  Duration frame_length_;
  std::uint32_t frame_samples_;
  std::vector<Utterance> utterances_;
  std::size_t next_ = 0;
  std::vector<std::size_t> speaking_;
  Duration time_{};
  Duration quiet_{};
  Duration assistant_speaks_{};  // without a pause of more than 300 ms
  Duration assistant_pause_{};
  bool assistant_spoke_ = false;  // since the last utterance began
};

// Is there anything to hear in it (about -46 dBFS peak)?
bool is_audible(std::span<const std::int16_t> samples);

}  // namespace earshot::simulator
