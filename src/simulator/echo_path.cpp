#include "simulator/echo_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace earshot::simulator {
namespace {

std::int64_t samples_in(Duration time, std::uint32_t rate_hz) {
  return time.count() * rate_hz / 1'000'000;
}

}  // namespace

EchoPath::EchoPath(const std::vector<MediaTrouble>& troubles, std::uint32_t rate_hz) {
  for (const MediaTrouble& trouble : troubles) {
    if (trouble.kind != MediaTroubleKind::echo) continue;
    const std::int64_t from = samples_in(trouble.at, rate_hz);
    const std::int64_t to = trouble.length > Duration::zero()
                                ? from + samples_in(trouble.length, rate_hz)
                                : std::numeric_limits<std::int64_t>::max();
    const std::int64_t delay = samples_in(trouble.echo_delay, rate_hz);
    echoes_.push_back(
        {.from = from, .to = to, .delay = delay, .gain = std::pow(10, trouble.echo_gain_db / 20)});
    delay_max_ = std::max(delay_max_, delay);
  }
}

bool EchoPath::add(std::span<const std::int16_t> played, std::span<std::int16_t> caller) {
  if (echoes_.empty()) return false;
  played_.insert(played_.end(), played.begin(), played.end());
  bool any = false;
  const std::int64_t kept_from =
      position_ + static_cast<std::int64_t>(played.size()) - std::ssize(played_);
  for (std::int64_t i = 0; i < std::ssize(caller); ++i) {
    const std::int64_t now = position_ + i;
    double sum = 0;
    for (const Echo& echo : echoes_) {
      const std::int64_t source = now - echo.delay - kept_from;
      if (now < echo.from || now >= echo.to || source < 0 || source >= std::ssize(played_))
        continue;
      sum += echo.gain * played_[static_cast<std::size_t>(source)];
    }
    const auto back = std::lround(sum);
    if (back == 0) continue;
    any = true;
    auto& sample = caller[static_cast<std::size_t>(i)];
    sample = static_cast<std::int16_t>(std::clamp<long>(sample + back, -32768, 32767));
  }
  position_ += static_cast<std::int64_t>(played.size());
  while (std::ssize(played_) > delay_max_) played_.pop_front();
  return any;
}

}  // namespace earshot::simulator
