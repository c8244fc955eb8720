#pragma once
// From the samples that are stored to those that are given out: PCM of 8 to 32 bits becomes 16,
// channels are picked, moved and added. Pure.

#include "base/bytes.hpp"
#include "domain/audio.hpp"

#include <cstdint>
#include <vector>

namespace earshot::recording {

// For each channel given out, the stored channels that are added up for it; none is silence. A
// channel that is not there is silence too.
using ChannelMap = std::vector<std::vector<std::uint16_t>>;

// Channel 0 to channel 0, and so on.
ChannelMap same_channels(std::uint16_t channels);
// All into one.
ChannelMap mixed_channels(std::uint16_t channels);

// Whether stored bytes may be given out as they are.
bool is_unchanged(const AudioFormat& stored, const ChannelMap& channels);

// Appends frames of 16-bit samples, map.size() channels each. `frames` holds whole frames of
// `stored`, whose bits are 8 (unsigned), 16, 24 or 32. Sums are limited, not wrapped; surplus bits
// are rounded off.
void convert_frames(ByteView frames, const AudioFormat& stored, const ChannelMap& channels,
                    Bytes& out);

}  // namespace earshot::recording
