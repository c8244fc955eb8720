#pragma once
// The phone at the end of the line: what the other side sends is queued and played in real time,
// each run of it delayed by the network's mood of the moment; StopAudio drops what has not been
// played. What was *played* is what the recording is made of. Times are since the call connected.
// Sample-exact; no clock of its own.
//
// A run begins when audio arrives at an empty queue, plays from then plus a delay drawn from the
// range, and ends when the queue runs dry or is flushed; the next one has another delay.

#include "base/random.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace earshot::simulator {

struct PhoneLineOptions {
  std::uint32_t rate_hz = 24000;
  Duration delay_min = 150ms;
  Duration delay_max = 400ms;
  // A sender who never stops: above it what comes is dropped and counted.
  Duration queue_max = 10min;
};

struct PlayedRun {
  std::int64_t first_sample = 0;  // since the call connected
  std::int64_t samples = 0;       // played
  Duration delay{};
  bool flushed = false;  // ended by StopAudio
};

class PhoneLine {
 public:
  PhoneLine(PhoneLineOptions options, Random& random);

  // Audio arrived at `at`.
  void push(std::span<const std::int16_t> samples, Duration at);
  // StopAudio arrived at `at`: gives the number of samples that will never be heard.
  std::int64_t stop(Duration at);
  // Plays on until `until`.
  void play_to(Duration until);
  // The next `count` samples of what was played, silence included; play_to() must have gone so far.
  std::vector<std::int16_t> take(std::size_t count);

  bool is_playing() const { return run_.has_value(); }
  std::int64_t samples_queued() const { return static_cast<std::int64_t>(queue_.size()); }
  std::int64_t samples_received() const { return received_; }
  std::int64_t samples_played() const { return played_; }
  std::int64_t samples_flushed() const { return flushed_; }
  std::int64_t samples_overflowed() const { return overflowed_; }
  const std::vector<PlayedRun>& runs() const { return runs_; }

 private:
  std::int64_t sample_at(Duration time) const;
  void play_to_sample(std::int64_t end);
  void end_run(bool flushed);

  PhoneLineOptions options_;
  Random& random_;
  std::deque<std::int16_t> queue_;
  std::vector<std::int16_t> rendered_;
  std::int64_t position_ = 0;     // samples rendered since the call connected
  std::optional<PlayedRun> run_;  // the one that plays, or is on its way
  std::vector<PlayedRun> runs_;
  std::int64_t received_ = 0;
  std::int64_t played_ = 0;
  std::int64_t flushed_ = 0;
  std::int64_t overflowed_ = 0;
};

}  // namespace earshot::simulator
