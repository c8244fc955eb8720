#include "tests/scenario/syllables.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace earshot::scenario {
namespace {

double between(Random& random, double low, double high) {
  return low + (high - low) * random.next_unit();
}

// A resonance that noise is sent through.
struct Formant {
  double a1 = 0;
  double a2 = 0;
  double y1 = 0;
  double y2 = 0;
  Formant(double hz, double rate) {
    const double radius = std::exp(-3.1416 * 180 / rate);
    a1 = 2 * radius * std::cos(2 * 3.1416 * hz / rate);
    a2 = -radius * radius;
  }
  double pass(double x) {
    const double y = x + a1 * y1 + a2 * y2;
    y2 = y1;
    y1 = y;
    return y;
  }
};

void add_syllable(simulator::Pcm& sound, std::size_t first, std::size_t count, double rate,
                  Random& random) {
  Formant low(between(random, 300, 900), rate);
  Formant high(between(random, 1000, 2600), rate);
  std::vector<double> made(count);
  double power = 1e-12;
  for (double& sample : made) {
    const double noise = random.next_unit() - 0.5;
    sample = low.pass(noise) + 0.5 * high.pass(noise);
    power += sample * sample;
  }
  const double level = 0.13 * std::pow(10, -between(random, 0, 8) / 20);
  const double gain = level / std::sqrt(power / static_cast<double>(count));
  for (std::size_t i = 0; i < count && first + i < sound.size(); ++i) {
    const auto edge = static_cast<double>(std::min(i, count - i)) / (0.02 * rate);
    sound[first + i] = static_cast<std::int16_t>(
        std::clamp(made[i] * gain * std::min(1.0, edge), -0.99, 0.99) * 32767);
  }
}

}  // namespace

simulator::Pcm make_syllables(std::uint64_t seed, Duration length, std::uint32_t rate_hz) {
  SeededRandom random(seed);
  const double rate = rate_hz;
  simulator::Pcm sound(static_cast<std::size_t>(static_cast<double>(length.count()) * rate / 1e6));
  for (std::size_t at = 0; at < sound.size();) {
    const double length_s = between(random, 0.08, 0.26);
    const auto count = std::min(static_cast<std::size_t>(length_s * rate), sound.size() - at);
    if (count > rate_hz / 40) add_syllable(sound, at, count, rate, random);
    const double hole_s =
        random.next_unit() < 0.2 ? between(random, 0.08, 0.2) : between(random, 0, 0.05);
    at += count + static_cast<std::size_t>(hole_s * rate);
  }
  return sound;
}

Task<Result<simulator::Pcm>> SyllableSpeech::speak(simulator::SpeechRequest request) {
  const auto words = 1 + std::ranges::count(request.text, ' ');
  co_return make_syllables(next_++, a_word * words, request.sample_rate_hz);
}

simulator::CallerUtterance say_syllables(simulator::CallerStart start, Duration delay,
                                         Duration length, std::uint64_t seed) {
  constexpr std::uint32_t rate = 24000;
  return {.start = start,
          .delay = delay,
          .samples = make_syllables(seed, length, rate),
          .rate_hz = rate,
          .label = fmt::format("syllables {}", seed)};
}

}  // namespace earshot::scenario
