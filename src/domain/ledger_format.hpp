#pragma once
// The bytes of a ledger, for the writer (bridge/ledger), for verification, and for the console. All
// numbers little-endian.
//
//   header, 64 bytes, once:
//     0  "EARLEDGR"            8 bytes
//     8  version               u16, 1
//    10  header bytes          u16, 64; a reader skips what it does not know
//    12  record bytes          u16, 128
//    14  flags                 u16; bit 0: the run has a tap, so the hashes mean something
//    16  sample rate, Hz       u32, of the tap and of both sides' counts
//    20  slot length, ms       u16, 20
//    22  reserved              u16
//    24  call time zero        i64, microseconds since 1970, UTC: CallConnected
//    32  run start             i64, microseconds of call time
//    40  wall time at start    i64, microseconds since 1970, UTC, of this machine
//    48  reserved              8 bytes
//    56  check                 u64, hash of bytes 0..55
//   then one record a second of call time that has passed, 128 bytes, seconds ascending:
//     0  second                u32, of call time
//     4  caller frames         u16, that arrived for this second
//     6  assistant frames      u16, 20 ms slots in which the assistant was played
//     8  hash                  u64, of the tap's samples of this whole second, as domain/
//                              sample_hash.hpp says; zeros where there is no data, so also before
//                              the run began and after it ended
//    16  caller levels         50 bytes, one a slot, as domain/level_meter.hpp says; 0 = no data
//    66  assistant levels      50 bytes
//   116  events                u16; bit 0: first record after a hole in the socket, bit 1:
//   StopAudio
//                              fell into this second, bit 2: the caller's clock was set anew
//   118  reserved              2 bytes
//   120  check                 u64, hash of bytes 0..119
//
// A missing second was not written (the spool was full, or nothing ran): it is a hole. A torn last
// record is ignored; a record whose check is wrong is skipped and counted.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace earshot {

inline constexpr std::size_t ledger_slots_per_second = 50;
inline constexpr std::size_t ledger_header_bytes = 64;
inline constexpr std::size_t ledger_record_bytes = 128;
inline constexpr std::uint16_t ledger_version = 1;

struct LedgerHeader {
  std::uint32_t sample_rate_hz = 0;
  bool has_tap = false;
  WallTime call_time_zero{};
  Duration run_start{0};  // call time
  WallTime wall_at_start{};
  bool operator==(const LedgerHeader&) const = default;
};

struct LedgerSecond {
  static constexpr std::uint16_t event_socket_back = 1;
  static constexpr std::uint16_t event_stop_audio = 2;
  static constexpr std::uint16_t event_caller_reanchored = 4;

  std::uint32_t second = 0;
  std::uint16_t caller_frames = 0;
  std::uint16_t assistant_frames = 0;
  std::uint64_t hash = 0;
  std::array<std::uint8_t, ledger_slots_per_second> caller_levels{};
  std::array<std::uint8_t, ledger_slots_per_second> assistant_levels{};
  std::uint16_t events = 0;
  bool operator==(const LedgerSecond&) const = default;
};

struct LedgerContents {
  LedgerHeader header;
  std::vector<LedgerSecond> seconds;  // ascending
  std::size_t torn_bytes = 0;         // at the end: a record that was being written
  std::size_t records_corrupt = 0;    // skipped: wrong check, or a second that does not ascend
};

void append_ledger_header(const LedgerHeader& header, Bytes& out);
void append_ledger_second(const LedgerSecond& second, Bytes& out);

// `corrupt` when the header is not one of ours. Anything after it is read as far as it holds.
Result<LedgerContents> read_ledger(ByteView bytes);

}  // namespace earshot
