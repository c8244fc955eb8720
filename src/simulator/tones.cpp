#include "simulator/tones.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace earshot::simulator {
namespace {

constexpr int digits = 4;
constexpr int base = 8;
constexpr double digit_amplitude = 2600;  // four of them, twice: 20800 at most, never clipped
constexpr double audible_amplitude = 300;

double frequency(Party party, int digit, unsigned value) {
  const double first = party == Party::caller ? 300 : 3600;
  return first + 100.0 * (digit * base + static_cast<int>(value));
}

unsigned digit_of(unsigned number, int digit) { return (number >> (3 * digit)) & 7u; }

// The amplitude of one sine in the window (Goertzel).
double amplitude(std::span<const std::int16_t> window, double hz, std::uint32_t rate_hz) {
  const double turn = 2 * std::numbers::pi * hz / rate_hz;
  const double factor = 2 * std::cos(turn);
  double s1 = 0;
  double s2 = 0;
  for (const auto sample : window) {
    const double s0 = sample + factor * s1 - s2;
    s2 = s1;
    s1 = s0;
  }
  const double power = s1 * s1 + s2 * s2 - factor * s1 * s2;
  return 2 * std::sqrt(std::max(0.0, power)) / static_cast<double>(window.size());
}

std::optional<unsigned> read_window(std::span<const std::int16_t> window, std::uint32_t rate_hz,
                                    Party party) {
  unsigned number = 0;
  double weakest = 1e9;
  double strongest = 0;
  for (int digit = 0; digit < digits; ++digit) {
    std::array<double, base> level{};
    for (unsigned value = 0; value < base; ++value)
      level[value] = amplitude(window, frequency(party, digit, value), rate_hz);
    const auto best = std::max_element(level.begin(), level.end());
    double second = 0;
    for (auto at = level.begin(); at != level.end(); ++at)
      if (at != best) second = std::max(second, *at);
    if (*best < audible_amplitude || second > *best * 0.5) return {};
    weakest = std::min(weakest, *best);
    strongest = std::max(strongest, *best);
    number |= static_cast<unsigned>(best - level.begin()) << (3 * digit);
  }
  if (weakest < strongest * 0.4) return {};
  return number;
}

// Mean amplitude of the number's four sines.
double level_of(std::span<const std::int16_t> window, unsigned number, std::uint32_t rate_hz,
                Party party) {
  double sum = 0;
  for (int digit = 0; digit < digits; ++digit)
    sum += amplitude(window, frequency(party, digit, digit_of(number, digit)), rate_hz);
  return sum / digits;
}

struct Grid {
  std::span<const std::int16_t> samples;
  std::uint32_t rate_hz;
  std::size_t window;
  std::size_t fine_step;

  std::span<const std::int16_t> at(std::size_t first) const {
    return samples.subspan(first, window);
  }
};

// Where the level crosses half of the plateau: there the window's middle stands on the edge.
double find_edge(const Grid& grid, unsigned number, Party party, std::ptrdiff_t from,
                 std::ptrdiff_t to, double half) {
  const std::ptrdiff_t step = (to > from ? 1 : -1) * static_cast<std::ptrdiff_t>(grid.fine_step);
  const auto last = static_cast<std::ptrdiff_t>(grid.samples.size() - grid.window);
  double before = 2 * half;
  std::ptrdiff_t at = from;
  while ((step > 0 ? at < to : at > to) && at >= 0 && at <= last) {
    const double level =
        level_of(grid.at(static_cast<std::size_t>(at)), number, grid.rate_hz, party);
    if (level < half) {
      const double part = before > level ? (before - half) / (before - level) : 1;
      const double place = static_cast<double>(at - step) + part * static_cast<double>(step);
      return (place + static_cast<double>(grid.window) / 2) / grid.rate_hz;
    }
    before = level;
    at += step;
  }
  // No edge within reach: the tone goes over into another sound, or the recording begins or ends.
  const auto place = static_cast<double>(std::clamp<std::ptrdiff_t>(at, 0, last));
  if (at < 0) return 0;
  if (at > last) return static_cast<double>(grid.samples.size()) / grid.rate_hz;
  return (place + static_cast<double>(grid.window) / 2) / grid.rate_hz;
}

}  // namespace

std::vector<std::int16_t> make_tone(Party party, unsigned number, Duration length,
                                    std::uint32_t rate_hz) {
  const auto count = static_cast<std::size_t>(length.count() * rate_hz / 1'000'000);
  const std::size_t ramp = length > 20ms ? rate_hz / 500 : 0;
  std::vector<std::int16_t> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int digit = 0; digit < digits; ++digit)
      // Phases apart, or the four peaks would fall together.
      sum += std::sin(2 * std::numbers::pi * frequency(party, digit, digit_of(number, digit)) *
                          static_cast<double>(i) / rate_hz +
                      digit * 1.3);
    double gain = digit_amplitude;
    if (const std::size_t edge = std::min(i, count - 1 - i); edge < ramp)
      gain *= static_cast<double>(edge) / static_cast<double>(ramp);
    out[i] = static_cast<std::int16_t>(std::lround(gain * sum));
  }
  return out;
}

std::vector<std::int16_t> make_tones(const ToneSeries& series) {
  std::vector<std::int16_t> out;
  for (unsigned i = 0; i < series.count; ++i) {
    const auto tone = make_tone(series.party, series.first + i, series.length, series.rate_hz);
    const auto start =
        static_cast<std::size_t>(i * series.period.count() * series.rate_hz / 1'000'000);
    const auto end =
        static_cast<std::size_t>((i + 1) * series.period.count() * series.rate_hz / 1'000'000);
    out.resize(end, 0);
    std::copy_n(tone.begin(), std::min(tone.size(), end - start),
                out.begin() + static_cast<std::ptrdiff_t>(start));
  }
  return out;
}

std::optional<unsigned> decode_tone(std::span<const std::int16_t> window, std::uint32_t rate_hz,
                                    Party party) {
  if (window.empty()) return std::nullopt;
  return read_window(window, rate_hz, party);
}

std::vector<HeardTone> decode_tones(std::span<const std::int16_t> samples, std::uint32_t rate_hz,
                                    Party party) {
  const Grid grid{samples, rate_hz, rate_hz / 50, rate_hz / 1000};
  std::vector<HeardTone> heard;
  if (samples.size() < grid.window) return heard;
  const std::size_t step = grid.window / 2;
  std::optional<unsigned> current;
  std::size_t first = 0;
  std::size_t last = 0;
  const auto finish = [&] {
    // Three windows in a row, at half a window's step, are 40 ms of the same number throughout.
    if (!current || last - first < 2 * step) return;
    const auto middle = (first + last) / 2;
    const double half = level_of(grid.at(middle), *current, rate_hz, party) / 2;
    const auto reach = static_cast<std::ptrdiff_t>(2 * grid.window);
    const auto from = static_cast<std::ptrdiff_t>(first);
    const auto to = static_cast<std::ptrdiff_t>(last);
    heard.push_back({*current, find_edge(grid, *current, party, from, from - reach, half),
                     find_edge(grid, *current, party, to, to + reach, half)});
  };
  for (std::size_t at = 0; at + grid.window <= samples.size(); at += step) {
    const auto number = read_window(grid.at(at), rate_hz, party);
    if (number != current) {
      finish();
      current = number;
      first = at;
    }
    last = at;
  }
  finish();
  return heard;
}

}  // namespace earshot::simulator
