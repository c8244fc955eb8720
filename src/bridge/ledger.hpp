#pragma once
// Writes a ledger (domain/ledger_format.hpp): gathers one second, then hands its record on. Pure
// but for TapRun::append, which never waits; one thread.

#include "domain/ledger_format.hpp"
#include "ports/tap_spool.hpp"

#include <array>
#include <cstdint>

namespace earshot::bridge {

class Ledger {
 public:
  // `run` outlives this.
  Ledger(TapRun& run, const LedgerHeader& header);

  // A frame of the caller that belongs to `second`; seconds up to seconds_ahead_max before theirs
  // is written.
  void count_caller_frame(std::int64_t second);
  void note_event(std::int64_t second, std::uint16_t event);
  // The levels of one slot of the second that is being gathered.
  void set_slot(std::size_t slot, std::uint8_t caller_level, std::uint8_t assistant_level);
  void write_second(std::int64_t second, std::uint64_t hash);

  std::uint64_t records_refused() const { return records_refused_; }
  static constexpr std::size_t seconds_ahead_max = 16;

 private:
  struct Ahead {
    std::int64_t second = -1;
    std::uint16_t caller_frames = 0;
    std::uint16_t events = 0;
  };
  Ahead& ahead(std::int64_t second);

  TapRun& run_;
  LedgerSecond gathering_;
  std::array<Ahead, seconds_ahead_max> ahead_{};
  Bytes bytes_;
  std::uint64_t records_refused_ = 0;
};

}  // namespace earshot::bridge
