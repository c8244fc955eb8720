#pragma once
// The bytes of a tap, for the writer (bridge/tap), and for those who repair a recording from it.
// All numbers little-endian.
//
//   header, 64 bytes, once:
//     0  "EARSHTAP"         8 bytes
//     8  version            u16, 1
//    10  header bytes       u16, 64
//    12  channels           u16, 2: caller, assistant
//    14  bits a sample      u16, 16
//    16  sample rate, Hz    u32
//    20  reserved           u32
//    24  call time zero     i64, microseconds since 1970, UTC: CallConnected
//    32  run start          i64, microseconds of call time
//    40  reserved           16 bytes
//    56  check              u64, hash of bytes 0..55 (domain/sample_hash.hpp)
//   then blocks, in the order of time, none across a second's boundary:
//     0  "TAPB"             4 bytes
//     4  second             u32, of call time
//     8  first frame        u32, in that second, from 0
//    12  frames             u32, at most the sample rate
//    16  check              u64, hash of bytes 0..15 and of the samples
//    24  samples            frames * 2 * 16 bits, caller first
//
// Stretches with no data on either side have no block; within a block they are zeros, and the
// ledger tells which. A torn last block is ignored. After a block with a wrong check the reader
// looks for the next "TAPB".

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace earshot {

inline constexpr std::size_t tap_header_bytes = 64;
inline constexpr std::size_t tap_block_header_bytes = 24;
inline constexpr std::uint16_t tap_version = 1;
inline constexpr std::uint32_t tap_rate_max_hz = 48000;

struct TapHeader {
  std::uint32_t sample_rate_hz = 0;
  WallTime call_time_zero{};
  Duration run_start{0};  // call time
  bool operator==(const TapHeader&) const = default;
};

struct TapBlock {
  std::uint32_t second = 0;       // of call time
  std::uint32_t first_frame = 0;  // in the second
  std::uint32_t frames = 0;
  ByteView samples;  // interleaved, in the reader's bytes
};

void append_tap_header(const TapHeader& header, Bytes& out);
class SampleHash;
// `interleaved` holds whole frames: caller, assistant, caller… They are added to `of_second` too.
void append_tap_block(std::uint32_t second, std::uint32_t first_frame,
                      std::span<const std::int16_t> interleaved, SampleHash& of_second, Bytes& out);

// Walks a tap, or as much of it as is there. The bytes must outlive the reader and its blocks.
class TapReader {
 public:
  // `corrupt` when the header is not one of ours.
  static Result<TapReader> open(ByteView bytes);
  // From somewhere within a tap: the first block that begins in the bytes comes first.
  static TapReader resume(const TapHeader& header, ByteView bytes) { return {header, bytes, 0}; }
  const TapHeader& header() const { return header_; }
  // nullopt at the end, or where the rest is torn.
  std::optional<TapBlock> next();
  std::size_t offset() const { return offset_; }  // of what comes next, in the bytes
  std::uint64_t bytes_skipped() const { return bytes_skipped_; }

 private:
  TapReader(TapHeader header, ByteView bytes, std::size_t offset)
      : header_(header), bytes_(bytes), offset_(offset) {}
  std::optional<TapBlock> block_at(std::size_t offset) const;

  TapHeader header_;
  ByteView bytes_;
  std::size_t offset_;
  std::uint64_t bytes_skipped_ = 0;
};

}  // namespace earshot
