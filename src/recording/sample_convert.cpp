#include "recording/sample_convert.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <limits>

namespace earshot::recording {
namespace {

constexpr std::int32_t sample_min = std::numeric_limits<std::int16_t>::min();
constexpr std::int32_t sample_max = std::numeric_limits<std::int16_t>::max();

// One sample as 16 bits, not limited yet: rounding may have carried it one past the top.
template <unsigned Width>
std::int32_t sample_at(const std::uint8_t* at) {
  if constexpr (Width == 1) {
    return (static_cast<std::int32_t>(at[0]) - 128) * 256;
  } else if constexpr (Width == 2) {
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(at[0] | at[1] << 8));
  } else {
    std::int64_t value = at[Width - 1] < 128 ? at[Width - 1] : at[Width - 1] - 256;
    for (unsigned i = Width - 1; i-- > 0;) value = value * 256 + at[i];
    constexpr unsigned surplus = 8 * (Width - 2);
    return static_cast<std::int32_t>((value + (std::int64_t{1} << (surplus - 1))) >> surplus);
  }
}

template <unsigned Width>
void convert(ByteView frames, const AudioFormat& stored, const ChannelMap& channels,
             std::uint8_t* out) {
  const std::size_t frame_bytes = stored.frame_bytes();
  for (std::size_t at = 0; at + frame_bytes <= frames.size(); at += frame_bytes) {
    for (const auto& from : channels) {
      std::int32_t sum = 0;
      for (const auto channel : from)
        if (channel < stored.channels)
          sum += sample_at<Width>(&frames[at + std::size_t{channel} * Width]);
      const auto sample = static_cast<std::uint16_t>(std::clamp(sum, sample_min, sample_max));
      *out++ = static_cast<std::uint8_t>(sample);
      *out++ = static_cast<std::uint8_t>(sample >> 8);
    }
  }
}

}  // namespace

ChannelMap same_channels(std::uint16_t channels) {
  ChannelMap map;
  for (std::uint16_t i = 0; i < channels; ++i) map.push_back({i});
  return map;
}

ChannelMap mixed_channels(std::uint16_t channels) {
  ChannelMap map(1);
  for (std::uint16_t i = 0; i < channels; ++i) map.front().push_back(i);
  return map;
}

bool is_unchanged(const AudioFormat& stored, const ChannelMap& channels) {
  return stored.bits_per_sample == 16 && channels == same_channels(stored.channels);
}

void convert_frames(ByteView frames, const AudioFormat& stored, const ChannelMap& channels,
                    Bytes& out) {
  if (is_unchanged(stored, channels)) {
    out.insert(out.end(), frames.begin(), frames.end());
    return;
  }
  CHECK_INVARIANT(stored.frame_bytes() > 0, "stored samples have a format");
  const auto before = out.size();
  out.resize(before + frames.size() / stored.frame_bytes() * channels.size() * 2);
  auto* const to = out.data() + before;
  switch (stored.bits_per_sample) {
    case 8:
      return convert<1>(frames, stored, channels, to);
    case 16:
      return convert<2>(frames, stored, channels, to);
    case 24:
      return convert<3>(frames, stored, channels, to);
    case 32:
      return convert<4>(frames, stored, channels, to);
    default:
      CHECK_INVARIANT(false, "the reader lets no other sample size through");
  }
}

}  // namespace earshot::recording
