#pragma once
// What the phone side has been given to play, as far as we can know it: a queue on the steady clock
// that takes audio when it is sent, plays it in real time, and is emptied by StopAudio. The phone
// side reports no position of its own, so this is what places the assistant's audio in ledger and
// tap, and what says how much of an utterance the caller can have heard. Pure; one thread.

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace earshot::bridge {

// An utterance of the assistant, numbered by the bridge from 1.
using ItemNumber = std::uint32_t;
inline constexpr ItemNumber no_item = 0;

std::int64_t samples_in(Duration duration, std::uint32_t rate_hz);
// Rounded to the nearest sample.
std::int64_t samples_between(SteadyTime from, SteadyTime to, std::uint32_t rate_hz);
std::chrono::nanoseconds time_of_samples(std::int64_t samples, std::uint32_t rate_hz);

// One stretch of one item, played without a break.
struct PlayOutRun {
  ItemNumber item = no_item;
  std::int64_t first_sample = 0;  // in the item
  std::int64_t samples = 0;
  SteadyTime start{};
  bool operator==(const PlayOutRun&) const = default;
};

class PlayOutQueue {
 public:
  explicit PlayOutQueue(std::uint32_t rate_hz) : rate_hz_(rate_hz) {}

  // Audio leaves for the phone side. Gives the time at which its first sample plays: now, or when
  // what was sent before has been played.
  SteadyTime send(SteadyTime now, ItemNumber item, std::int64_t first_sample, std::int64_t samples);
  // StopAudio leaves: what has not begun to play never will.
  void stop(SteadyTime now);

  // When all that was sent has been played.
  SteadyTime drained_at() const { return drained_at_; }
  bool is_playing(SteadyTime now) const { return now < drained_at_; }
  std::int64_t queued_samples(SteadyTime now) const;

  // Samples of `item` that have played at `at`. Ask with the downlink estimate taken off to know
  // what was heard.
  std::int64_t played_samples(ItemNumber item, SteadyTime at) const;
  std::optional<SteadyTime> start_of(ItemNumber item) const;
  std::optional<SteadyTime> end_of(ItemNumber item) const;
  // When that sample of the item plays; nullopt if it is in no run (not sent, or stopped).
  std::optional<SteadyTime> time_of(ItemNumber item, std::int64_t sample) const;

  // Oldest first. At most runs_max; older ones are forgotten and counted.
  std::span<const PlayOutRun> runs() const { return runs_; }
  std::uint64_t runs_forgotten() const { return runs_forgotten_; }
  std::uint32_t rate_hz() const { return rate_hz_; }

  static constexpr std::size_t runs_max = 256;

 private:
  SteadyTime end_of_run(const PlayOutRun& run) const;
  std::int64_t played_of_run(const PlayOutRun& run, SteadyTime at) const;

  std::uint32_t rate_hz_;
  std::vector<PlayOutRun> runs_;
  SteadyTime drained_at_{};
  std::uint64_t runs_forgotten_ = 0;
};

}  // namespace earshot::bridge
