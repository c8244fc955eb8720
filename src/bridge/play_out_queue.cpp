#include "bridge/play_out_queue.hpp"

#include <algorithm>

namespace earshot::bridge {

namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

}  // namespace

// Run starts are whole nanoseconds: a floor would lose a sample at every boundary.
std::int64_t samples_between(SteadyTime from, SteadyTime to, std::uint32_t rate_hz) {
  const std::int64_t ns = (to - from).count();
  const std::int64_t seconds = ns / ns_per_second;
  const std::int64_t rest = ns % ns_per_second;
  return seconds * rate_hz + (rest * rate_hz + ns_per_second / 2) / ns_per_second;
}

std::int64_t samples_in(Duration duration, std::uint32_t rate_hz) {
  return duration.count() * static_cast<std::int64_t>(rate_hz) / 1'000'000;
}

std::chrono::nanoseconds time_of_samples(std::int64_t samples, std::uint32_t rate_hz) {
  const std::int64_t rate = rate_hz;
  const std::int64_t seconds = samples / rate;
  return std::chrono::nanoseconds(seconds * ns_per_second +
                                  (samples % rate) * ns_per_second / rate);
}

SteadyTime PlayOutQueue::end_of_run(const PlayOutRun& run) const {
  return run.start + time_of_samples(run.samples, rate_hz_);
}

std::int64_t PlayOutQueue::played_of_run(const PlayOutRun& run, SteadyTime at) const {
  if (at <= run.start) return 0;
  return std::min(run.samples, samples_between(run.start, at, rate_hz_));
}

SteadyTime PlayOutQueue::send(SteadyTime now, ItemNumber item, std::int64_t first_sample,
                              std::int64_t samples) {
  if (samples <= 0) return std::max(now, drained_at_);
  if (now < drained_at_ && !runs_.empty()) {
    PlayOutRun& last = runs_.back();
    const SteadyTime start = drained_at_;
    if (last.item == item && last.first_sample + last.samples == first_sample) {
      last.samples += samples;
    } else {
      runs_.push_back({item, first_sample, samples, start});
    }
    drained_at_ = end_of_run(runs_.back());
    if (runs_.size() > runs_max) {
      runs_.erase(runs_.begin());
      ++runs_forgotten_;
    }
    return start;
  }
  runs_.push_back({item, first_sample, samples, now});
  drained_at_ = end_of_run(runs_.back());
  if (runs_.size() > runs_max) {
    runs_.erase(runs_.begin());
    ++runs_forgotten_;
  }
  return now;
}

void PlayOutQueue::stop(SteadyTime now) {
  while (!runs_.empty() && runs_.back().start >= now) runs_.pop_back();
  if (!runs_.empty()) runs_.back().samples = played_of_run(runs_.back(), now);
  if (!runs_.empty() && runs_.back().samples == 0) runs_.pop_back();
  drained_at_ = std::min(drained_at_, now);
}

std::int64_t PlayOutQueue::queued_samples(SteadyTime now) const {
  return now < drained_at_ ? samples_between(now, drained_at_, rate_hz_) : 0;
}

std::int64_t PlayOutQueue::played_samples(ItemNumber item, SteadyTime at) const {
  std::int64_t played = 0;
  for (const PlayOutRun& run : runs_)
    if (run.item == item) played += played_of_run(run, at);
  return played;
}

std::optional<SteadyTime> PlayOutQueue::start_of(ItemNumber item) const {
  for (const PlayOutRun& run : runs_)
    if (run.item == item) return run.start;
  return std::nullopt;
}

std::optional<SteadyTime> PlayOutQueue::end_of(ItemNumber item) const {
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run)
    if (run->item == item) return end_of_run(*run);
  return std::nullopt;
}

std::optional<SteadyTime> PlayOutQueue::time_of(ItemNumber item, std::int64_t sample) const {
  for (const PlayOutRun& run : runs_) {
    const std::int64_t in_run = sample - run.first_sample;
    if (run.item == item && in_run >= 0 && in_run < run.samples)
      return run.start + time_of_samples(in_run, rate_hz_);
  }
  return std::nullopt;
}

}  // namespace earshot::bridge
