#pragma once
// The bridge's own witness of a call: takes the samples of both sides at their positions in call
// time, and writes ledger and tap once a stretch of time is settled. A stretch is settled when the
// caller's audio has come past it, or is later than hold_max, or no socket is there to bring any.
// Positions are samples of call time at the call's rate. Never waits; one thread.

#include "bridge/ledger.hpp"
#include "bridge/tap.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace earshot::bridge {

struct WitnessOptions {
  std::uint32_t rate_hz = 24000;
  bool tap = true;
  WallTime call_time_zero{};
  Duration run_start{0};  // call time
  WallTime wall_at_start{};
  Duration hold_max = 5s;
};

// One side's samples of the time that is not settled yet, and which of them are there.
class WitnessSide {
 public:
  void put(std::int64_t position, std::span<const std::int16_t> samples);
  void cut_from(std::int64_t position);
  void silence_from(std::int64_t position);
  void forget_until(std::int64_t position);
  // Where what was put last ends; the start of the unsettled time when nothing was.
  std::int64_t end() const { return base_ + static_cast<std::int64_t>(samples_.size()); }
  void start_at(std::int64_t position) { base_ = position; }
  bool has_any(std::int64_t from, std::int64_t to) const;
  std::uint8_t level(std::int64_t from, std::int64_t to) const;
  // Every `stride`-th place of `out` from the first; zeros where nothing was put.
  void copy_to(std::int64_t from, std::int64_t to, std::int16_t* out, std::size_t stride) const;
  std::uint64_t samples_refused() const { return samples_refused_; }

  static constexpr std::int64_t samples_max = 48000 * 10;  // held at most; more is refused

 private:
  void reserve(std::size_t samples);

  struct Stretch {
    std::int64_t from;
    std::int64_t to;
  };
  std::int64_t base_ = 0;
  std::vector<std::int16_t> samples_;
  std::vector<Stretch> there_;
  std::uint64_t samples_refused_ = 0;
};

class Witness {
 public:
  // `run` outlives this. Rates are multiples of 50 Hz.
  Witness(TapRun& run, const WitnessOptions& options);

  void caller(std::int64_t position, std::span<const std::int16_t> samples);
  void assistant(std::int64_t position, std::span<const std::int16_t> samples);
  // StopAudio left: what was placed from here on is not played.
  void stop_assistant(std::int64_t position);
  // What was placed from here on is silence.
  void silence_from(std::int64_t position);
  void note_event(std::int64_t position, std::uint16_t event);

  // Writes what is settled. Cheap when nothing is.
  void advance(std::int64_t now, bool caller_has_socket);
  // Writes all up to `now`, the last piece short.
  void finish(std::int64_t now);

  std::int64_t settled_until() const { return settled_; }
  std::uint64_t appends_refused() const;
  std::uint64_t samples_refused() const {
    return caller_.samples_refused() + assistant_.samples_refused();
  }

 private:
  void settle_piece(std::int64_t to);
  void end_second_at(std::int64_t position);

  WitnessOptions options_;
  std::int64_t slot_;   // samples in 20 ms
  std::int64_t piece_;  // in 100 ms, what is written at once
  std::int64_t rate_;
  std::int64_t hold_;
  std::int64_t settled_;
  bool second_is_open_ = false;
  WitnessSide caller_;
  WitnessSide assistant_;
  Ledger ledger_;
  std::optional<Tap> tap_;
};

}  // namespace earshot::bridge
