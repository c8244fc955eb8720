#include "simulator/recorder.hpp"

#include "simulator/caller.hpp"

#include <algorithm>
#include <cmath>

namespace earshot::simulator {

Recorder::Recorder(RecorderOptions options)
    : options_(std::move(options)),
      chunk_frames_(
          static_cast<std::size_t>(options_.chunk_length.count() * recording_rate_hz / 1'000'000)),
      caller_channel_(options_.caller_channel),
      bot_channel_(options_.bot_channel) {
  chunk_frames_ = std::max<std::size_t>(chunk_frames_, recording_rate_hz / 10);
  for (int lane = 0; lane < (options_.unmixed ? 2 : 1); ++lane)
    lanes_.push_back({Resampler(options_.input_rate_hz, recording_rate_hz), {}});
}

void Recorder::start(WallTime at) {
  anchor_ = at;
  chunk_start_ = at;
}

void Recorder::pause(WallTime at) {
  if (!paused_since_) paused_since_ = at;
}

void Recorder::resume(WallTime at) {
  if (!paused_since_) return;
  pauses_.push_back({*paused_since_, std::chrono::duration_cast<Duration>(at - *paused_since_)});
  paused_since_.reset();
  anchor_ = at;
  const double sampled = static_cast<double>(input_samples_) * (1 - options_.drift_ppm / 1e6);
  anchor_frame_ = std::llround(sampled * recording_rate_hz / options_.input_rate_hz);
}

Duration Recorder::recorded() const {
  return Duration(input_samples_ * 1'000'000 / options_.input_rate_hz);
}

WallTime Recorder::time_of(std::int64_t frame) const {
  const double nominal_us = static_cast<double>(frame - anchor_frame_) * 1e6 / recording_rate_hz;
  return anchor_ + Duration(std::llround(nominal_us / (1 - options_.drift_ppm / 1e6)));
}

// A slow clock misses a sample now and then, a fast one takes it twice.
std::vector<std::int16_t> Recorder::as_sampled(std::span<const std::int16_t> samples) const {
  std::vector<std::int16_t> taken(samples.begin(), samples.end());
  if (options_.drift_ppm == 0) return taken;
  const auto drifted = [this](std::int64_t count) {
    return std::llround(static_cast<double>(count) * options_.drift_ppm / 1e6);
  };
  const auto heard = static_cast<std::int64_t>(samples.size());
  auto missed = drifted(input_samples_ + heard) - drifted(input_samples_);
  for (; missed > 0 && !taken.empty(); --missed) taken.pop_back();
  for (; missed < 0 && !taken.empty(); ++missed) taken.push_back(taken.back());
  return taken;
}

void Recorder::begin_change() {
  // What a resampler still holds is missed as well.
  for (auto& lane : lanes_) lane = {Resampler(options_.input_rate_hz, recording_rate_hz), {}};
  changing_until_ = chunk_start_ + options_.lost_at_change;
}

bool Recorder::is_changing(WallTime at) {
  if (!changing_until_) return false;
  if (at < *changing_until_) return true;
  changing_until_.reset();
  chunk_start_ = anchor_ = at;
  anchor_frame_ = frames_cut_;
  input_samples_ = frames_cut_ * options_.input_rate_hz / recording_rate_hz;
  return false;
}

void Recorder::assign_channels(bool caller_heard, bool played_heard) {
  const auto assign = [](std::optional<int>& mine, const std::optional<int>& other) {
    if (!mine) mine = other == 0 ? 1 : 0;
  };
  if (caller_heard) assign(caller_channel_, bot_channel_);
  if (played_heard) assign(bot_channel_, caller_channel_);
}

std::vector<FinishedChunk> Recorder::add(std::span<const std::int16_t> caller,
                                         std::span<const std::int16_t> played, WallTime at) {
  std::vector<FinishedChunk> finished;
  if (paused_since_ || is_changing(at)) return finished;
  // The clocks of a real machine drift apart; a new piece of audio is where it is.
  if (input_samples_ == 0) anchor_ = at;
  if (options_.unmixed) {
    assign_channels(is_audible(caller), is_audible(played));
    lanes_[0].resampler.push(as_sampled(caller), lanes_[0].samples);
    lanes_[1].resampler.push(as_sampled(played), lanes_[1].samples);
  } else {
    std::vector<std::int16_t> mixed(caller.size());
    for (std::size_t i = 0; i < caller.size(); ++i)
      mixed[i] = static_cast<std::int16_t>(std::clamp(caller[i] + played[i], -32768, 32767));
    lanes_[0].resampler.push(as_sampled(mixed), lanes_[0].samples);
  }
  input_samples_ += static_cast<std::int64_t>(caller.size());
  while (frames_ready() > chunk_frames_)
    finished.push_back(cut(chunk_frames_, "ChunkMaximumSizeExceeded"));
  if (!finished.empty() && options_.lost_at_change > 0s) begin_change();
  return finished;
}

std::vector<FinishedChunk> Recorder::finish(WallTime at) {
  resume(at);
  for (auto& lane : lanes_) lane.resampler.finish(lane.samples);
  std::vector<FinishedChunk> finished;
  while (frames_ready() > chunk_frames_)
    finished.push_back(cut(chunk_frames_, "ChunkMaximumSizeExceeded"));
  if (frames_ready() > 0 || next_index_ == 0)
    finished.push_back(cut(frames_ready(), "SessionEnded"));
  return finished;
}

FinishedChunk Recorder::cut(std::size_t frames, std::string end_reason) {
  FinishedChunk chunk{
      .index = next_index_++,
      .start = chunk_start_,
      .length = Duration(static_cast<std::int64_t>(frames) * 1'000'000 / recording_rate_hz),
      .end_reason = std::move(end_reason),
      .pauses = std::exchange(pauses_, {})};
  const auto take = [frames](Lane& lane) {
    const auto end = lane.samples.begin() + static_cast<std::ptrdiff_t>(frames);
    std::vector<std::int16_t> taken(lane.samples.begin(), end);
    lane.samples.erase(lane.samples.begin(), end);
    return taken;
  };
  if (options_.unmixed) {
    assign_channels(true, true);  // whoever has not been heard gets what is left
    chunk.channels = std::max(*caller_channel_, *bot_channel_) + 1;
    const auto caller = take(lanes_[0]);
    const auto played = take(lanes_[1]);
    const auto channels = static_cast<std::size_t>(chunk.channels);
    chunk.samples.resize(frames * channels);
    for (std::size_t i = 0; i < frames; ++i) {
      chunk.samples[i * channels + static_cast<std::size_t>(*caller_channel_)] = caller[i];
      chunk.samples[i * channels + static_cast<std::size_t>(*bot_channel_)] = played[i];
    }
    chunk.participants = {{options_.caller_raw_id, caller_channel_},
                          {options_.bot_raw_id, bot_channel_}};
  } else {
    chunk.samples = take(lanes_[0]);
    chunk.participants = {{options_.caller_raw_id, {}}, {options_.bot_raw_id, {}}};
  }
  frames_cut_ += static_cast<std::int64_t>(frames);
  chunk_start_ = time_of(frames_cut_);
  return chunk;
}

}  // namespace earshot::simulator
