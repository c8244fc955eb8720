#pragma once
// The bytes of a rendered repair, `repair-<verdict>.pcm`: what was filled from the tap, one span
// behind the other, in the channels and at the rate of the recording that it mends. Numbers are
// little-endian.
//
//     0  "EARSHREP"         8 bytes
//     8  version            u16, 1
//    10  header bytes       u16, 64
//    12  channels           u16
//    14  bits a sample      u16, 16
//    16  sample rate, Hz    u32
//    20  reserved           u32
//    24  frames             u64, of samples behind the header
//    32  voices             24 bytes, one a channel: 0 unknown, 1 caller, 2 assistant, 3 other
//    56  check              u64, hash of bytes 0..55 (domain/sample_hash.hpp)
//    64  samples            frames * channels * 16 bits

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "recording/channel_voices.hpp"

#include <cstdint>
#include <vector>

namespace earshot::recording {

inline constexpr std::size_t repair_header_bytes = 64;
inline constexpr std::size_t repair_voices_max = 24;

struct RepairHeader {
  AudioFormat format;
  std::uint64_t frames = 0;
  std::vector<Voice> voices;  // those beyond repair_voices_max are not kept
  bool operator==(const RepairHeader&) const = default;
};

void append_repair_header(const RepairHeader& header, Bytes& out);
// `corrupt` when it is not one of ours.
Result<RepairHeader> read_repair_header(ByteView bytes);

}  // namespace earshot::recording
