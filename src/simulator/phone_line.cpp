#include "simulator/phone_line.hpp"

#include "base/invariant.hpp"

#include <algorithm>

namespace earshot::simulator {

PhoneLine::PhoneLine(PhoneLineOptions options, Random& random)
    : options_(options), random_(random) {
  options_.delay_max = std::max(options_.delay_min, options_.delay_max);
}

std::int64_t PhoneLine::sample_at(Duration time) const {
  return time.count() * options_.rate_hz / 1'000'000;
}

void PhoneLine::push(std::span<const std::int16_t> samples, Duration at) {
  if (samples.empty()) return;
  play_to(at);
  received_ += static_cast<std::int64_t>(samples.size());
  const auto room = std::max<std::int64_t>(0, sample_at(options_.queue_max) - samples_queued());
  const auto taken = std::min(static_cast<std::int64_t>(samples.size()), room);
  overflowed_ += static_cast<std::int64_t>(samples.size()) - taken;
  if (!run_) {
    const auto spread = (options_.delay_max - options_.delay_min).count();
    const Duration delay =
        options_.delay_min +
        Duration(static_cast<Duration::rep>(random_.next_unit() * static_cast<double>(spread)));
    run_ = PlayedRun{.first_sample = std::max(position_, sample_at(at + delay)), .delay = delay};
  }
  queue_.insert(queue_.end(), samples.begin(), samples.begin() + taken);
}

std::int64_t PhoneLine::stop(Duration at) {
  play_to(at);
  const std::int64_t dropped = samples_queued();
  flushed_ += dropped;
  queue_.clear();
  if (run_) end_run(true);
  return dropped;
}

void PhoneLine::play_to(Duration until) { play_to_sample(sample_at(until)); }

void PhoneLine::play_to_sample(std::int64_t end) {
  while (position_ < end) {
    if (!run_ || run_->first_sample >= end) {
      rendered_.insert(rendered_.end(), static_cast<std::size_t>(end - position_), 0);
      position_ = end;
      return;
    }
    if (position_ < run_->first_sample) {
      rendered_.insert(rendered_.end(), static_cast<std::size_t>(run_->first_sample - position_),
                       0);
      position_ = run_->first_sample;
    }
    const auto count = std::min(end - position_, samples_queued());
    rendered_.insert(rendered_.end(), queue_.begin(), queue_.begin() + count);
    queue_.erase(queue_.begin(), queue_.begin() + count);
    position_ += count;
    played_ += count;
    run_->samples += count;
    // Dry exactly at the end: what arrives at this very instant still joins the run.
    if (queue_.empty() && position_ < end) end_run(false);
  }
}

void PhoneLine::end_run(bool flushed) {
  run_->flushed = flushed;
  runs_.push_back(*run_);
  run_.reset();
}

std::vector<std::int16_t> PhoneLine::take(std::size_t count) {
  CHECK_INVARIANT(rendered_.size() >= count, "the line has played what is taken from it");
  const auto end = rendered_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<std::int16_t> out(rendered_.begin(), end);
  rendered_.erase(rendered_.begin(), end);
  return out;
}

}  // namespace earshot::simulator
