#pragma once
// How a lost span is made to sound like its surroundings: the tap's two sides, each at its own
// delay and level, put onto the recording's channels and faded at the seams. Pure arithmetic on
// samples at the recording's rate.

#include "domain/audio.hpp"
#include "recording/channel_voices.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace earshot::recording {

inline constexpr std::size_t side_count = 2;
constexpr std::size_t side_index(Speaker side) { return side == Speaker::caller ? 0 : 1; }

// The tap at the recording's rate: caller, assistant, caller… `first` is its first frame on the
// call's clock; silence outside.
struct TapStretch {
  std::int64_t first = 0;
  std::vector<float> samples;
  float at(std::int64_t frame, std::size_t side) const {
    const auto index = frame - first;
    if (index < 0 || index >= static_cast<std::int64_t>(samples.size() / side_count)) return 0;
    return samples[static_cast<std::size_t>(index) * side_count + side];
  }
};

// Which of the tap's sides go onto a channel: by whose voice it carries; where no channel carries
// anybody's alone, both onto each.
struct ChannelSides {
  std::array<bool, side_count> has{};
};
std::vector<ChannelSides> sides_on(const std::vector<Voice>& voices);

// One side within one filled span. Delays are in frames: what the bridge had at n is put at
// n + delay, as the recording beside it has it.
struct SidePlacing {
  std::int64_t delay_before = 0;  // as in the recording before the span
  std::int64_t delay_after = 0;   // as in the recording behind it
  std::int64_t turn = 0;          // frame on the call's clock from which the latter holds
  double gain = 1;
};

struct FillPlan {
  std::int64_t first = 0;  // on the call's clock
  std::int64_t frames = 0;
  std::array<SidePlacing, side_count> sides;
  std::vector<ChannelSides> channels;
  // The recording's last sample before the span, and its first one behind: by channel; empty where
  // it does not go on there.
  std::vector<float> sample_before;
  std::vector<float> sample_after;
};

inline constexpr std::int64_t fade_ms = 5;

// Of the tap, what frames [first, first + count) of the call's clock need.
struct TapNeed {
  std::int64_t first = 0;
  std::int64_t frames = 0;
};
TapNeed tap_needed(const FillPlan& plan, std::int64_t first, std::int64_t count);

// Appends 16-bit samples, all channels, of [first, first + count) on the call's clock, which lie in
// the plan.
void render(const FillPlan& plan, const TapStretch& tap, std::uint32_t rate_hz, std::int64_t first,
            std::int64_t count, Bytes& out);

// Compares levels where recording and tap both hold a side that speaks alone, slot by slot of 20
// ms.
class LevelMatch {
 public:
  LevelMatch(std::uint32_t rate_hz, std::vector<ChannelSides> channels);
  // `recorded` is interleaved, its first frame at `first` of the call's clock.
  void compare(std::span<const std::int16_t> recorded, std::int64_t first, const TapStretch& tap,
               const std::array<std::int64_t, side_count>& delays);
  // What the tap is multiplied by; 1 where too little was heard to tell.
  double gain(Speaker side) const;

 private:
  struct Sums {
    double recorded = 0;
    double tap = 0;
    int slots = 0;
  };
  std::int64_t slot_;
  std::vector<ChannelSides> channels_;
  std::array<Sums, side_count> sums_;
};

// The quietest place of a side between `from` and `to`, at either delay: where a change of delay is
// heard least. The middle of a slot of 20 ms.
std::int64_t quietest_place(const TapStretch& tap, std::size_t side, const SidePlacing& placing,
                            std::int64_t from, std::int64_t to, std::uint32_t rate_hz);

}  // namespace earshot::recording
