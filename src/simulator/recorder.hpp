#pragma once
// One recording of a call: takes what the caller said and what the phone played, 20 ms at a time,
// and cuts it into chunks of 16 kHz 16-bit audio, mixed to one channel or a channel for each party.
// A pause leaves its audio out and is listed; it does not cut the chunk. No clock of its own: wall
// times come with the audio.

#include "base/time.hpp"
#include "simulator/resampler.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace earshot::simulator {

constexpr std::uint32_t recording_rate_hz = 16000;

struct RecorderOptions {
  std::uint32_t input_rate_hz = 24000;
  bool unmixed = false;
  // A chunk is cut when it is so long. The service's own maximum by default.
  Duration chunk_length = 4h;
  std::string caller_raw_id;
  std::string bot_raw_id;
  // How much slower than its clock it takes samples.
  double drift_ppm = 0;
  // What it misses each time it begins another chunk's file.
  Duration lost_at_change{};
  // Pinned channels (unmixed); without them, in the order in which the parties are first heard.
  std::optional<int> caller_channel;
  std::optional<int> bot_channel;
};

struct PauseInterval {
  WallTime start{};
  Duration length{};
};

struct ChannelOf {
  std::string raw_id;
  std::optional<int> channel;  // none when mixed
};

struct FinishedChunk {
  int index = 0;
  WallTime start{};
  Duration length{};  // of the audio, pauses left out
  std::string end_reason;
  std::vector<PauseInterval> pauses;
  std::vector<ChannelOf> participants;
  int channels = 1;
  std::vector<std::int16_t> samples;  // interleaved
};

class Recorder {
 public:
  explicit Recorder(RecorderOptions options);

  void start(WallTime at);
  void pause(WallTime at);
  void resume(WallTime at);
  // Equally long. Gives the chunks that are now complete.
  std::vector<FinishedChunk> add(std::span<const std::int16_t> caller,
                                 std::span<const std::int16_t> played, WallTime at);
  // The last chunk, even an empty one when there is no other.
  std::vector<FinishedChunk> finish(WallTime at);

  bool is_paused() const { return paused_since_.has_value(); }
  Duration recorded() const;

 private:
  struct Lane {
    Resampler resampler;
    std::vector<std::int16_t> samples;  // of the chunk in the making
  };
  FinishedChunk cut(std::size_t frames, std::string end_reason);
  void begin_change();
  // Whether it is still busy with the file at `at`; when it has just done, its clock begins anew.
  bool is_changing(WallTime at);
  void assign_channels(bool caller_heard, bool played_heard);
  // What of a piece the recorder's own sample clock takes.
  std::vector<std::int16_t> as_sampled(std::span<const std::int16_t> samples) const;
  std::size_t frames_ready() const { return lanes_.front().samples.size(); }
  WallTime time_of(std::int64_t frame) const;

  RecorderOptions options_;
  std::size_t chunk_frames_;
  std::vector<Lane> lanes_;  // one when mixed; caller and bot when not
  std::optional<int> caller_channel_;
  std::optional<int> bot_channel_;
  // Where the audio after the last start or resume stands.
  WallTime anchor_{};
  std::int64_t anchor_frame_ = 0;
  std::int64_t frames_cut_ = 0;
  std::int64_t input_samples_ = 0;  // that were heard, by the line's clock
  WallTime chunk_start_{};
  std::vector<PauseInterval> pauses_;
  std::optional<WallTime> paused_since_;
  std::optional<WallTime> changing_until_;
  int next_index_ = 0;
};

}  // namespace earshot::simulator
