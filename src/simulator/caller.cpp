#include "simulator/caller.hpp"

#include "simulator/resampler.hpp"

#include <algorithm>
#include <cstdlib>

namespace earshot::simulator {
namespace {

constexpr int audible_peak = 160;
constexpr Duration assistant_pause_max = 300ms;
constexpr Duration patience = 8s;  // with an assistant who says nothing

std::int16_t saturated_sum(std::int16_t a, std::int16_t b) {
  return static_cast<std::int16_t>(std::clamp(a + b, -32768, 32767));
}

}  // namespace

bool is_audible(std::span<const std::int16_t> samples) {
  return std::ranges::any_of(samples, [](int s) { return std::abs(s) > audible_peak; });
}

Caller::Caller(const CallPlan& plan, std::uint32_t rate_hz, Duration frame_length)
    : frame_length_(frame_length),
      frame_samples_(static_cast<std::uint32_t>(frame_length.count() * rate_hz / 1'000'000)) {
  for (const auto& utterance : plan.utterances)
    utterances_.push_back({utterance.start, utterance.delay,
                           resample_all(utterance.samples, utterance.rate_hz, rate_hz),
                           utterance.label});
}

bool Caller::is_due(const Utterance& utterance) const {
  switch (utterance.start) {
    case CallerStart::at_time:
      return time_ >= utterance.delay;
    case CallerStart::after_silence:
      return speaking_.empty() && quiet_ >= utterance.delay;
    case CallerStart::after_assistant:
      return speaking_.empty() && quiet_ >= (assistant_spoke_ ? utterance.delay : patience);
    case CallerStart::over_assistant:
      return assistant_speaks_ >= utterance.delay && assistant_speaks_ > Duration::zero();
  }
  return false;
}

CallerFrame Caller::next(std::span<const std::int16_t> heard, std::vector<std::string>& started) {
  const bool assistant_audible = is_audible(heard);
  assistant_pause_ = assistant_audible ? Duration::zero() : assistant_pause_ + frame_length_;
  assistant_spoke_ |= assistant_audible;
  if (assistant_audible) quiet_ = Duration::zero();
  if (assistant_audible)
    assistant_speaks_ += frame_length_;
  else if (assistant_pause_ > assistant_pause_max)
    assistant_speaks_ = Duration::zero();

  while (next_ < utterances_.size() && is_due(utterances_[next_])) {
    started.push_back(utterances_[next_].label);
    speaking_.push_back(next_++);
    quiet_ = Duration::zero();
    assistant_spoke_ = false;
  }
  CallerFrame frame{.samples = std::vector<std::int16_t>(frame_samples_)};
  for (const auto index : speaking_) {
    auto& utterance = utterances_[index];
    const auto count =
        std::min<std::size_t>(frame_samples_, utterance.samples.size() - utterance.said);
    for (std::size_t i = 0; i < count; ++i)
      frame.samples[i] = saturated_sum(frame.samples[i], utterance.samples[utterance.said + i]);
    utterance.said += count;
    frame.silent = false;
  }
  std::erase_if(speaking_, [this](std::size_t index) {
    return utterances_[index].said >= utterances_[index].samples.size();
  });
  const bool caller_audible = !speaking_.empty() || is_audible(frame.samples);
  quiet_ = caller_audible || assistant_audible ? Duration::zero() : quiet_ + frame_length_;
  time_ += frame_length_;
  return frame;
}

}  // namespace earshot::simulator
