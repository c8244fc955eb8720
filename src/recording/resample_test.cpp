#include "recording/resample.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <numbers>

using namespace earshot::recording;

namespace {

constexpr double tone_hz = 440;

double wave(double seconds) { return 9'000 * std::sin(2 * std::numbers::pi * tone_hz * seconds); }

std::vector<std::int16_t> tone(const ResampleRange& range, double rate) {
  std::vector<std::int16_t> out;
  for (std::int64_t i = range.first; i < range.first + range.frames; ++i)
    out.push_back(static_cast<std::int16_t>(std::lround(wave(static_cast<double>(i) / rate))));
  return out;
}

}  // namespace

TEST_CASE("a resampled stretch is the sound at that time, wherever it begins") {
  struct Rates {
    std::uint32_t from;
    std::uint32_t to;
  };
  for (const auto& rates : {Rates{24'000, 16'000}, Rates{16'000, 24'000}, Rates{24'000, 44'100},
                            Rates{16'000, 16'000}, Rates{48'000, 8'000}}) {
    CAPTURE(rates.from);
    CAPTURE(rates.to);
    const StretchResampler resampler(rates.from, rates.to);
    for (const std::int64_t first : {-500, 0, 1, 777, 16'000, 1'234'567}) {
      CAPTURE(first);
      const auto input = tone(resampler.input_for(first, 1'000), rates.from);
      const auto out = resampler.resample(input, 1, first, 1'000);
      REQUIRE(out.size() == 1'000);
      double worst = 0;
      for (std::size_t i = 0; i < out.size(); ++i)
        worst = std::max(
            worst,
            std::abs(out[i] -
                     wave(static_cast<double>(first + static_cast<std::int64_t>(i)) / rates.to)));
      CHECK(worst < 20);
    }
  }
}

TEST_CASE("stretches that follow each other fit without a seam") {
  const StretchResampler resampler(24'000, 16'000);
  const auto whole =
      resampler.resample(tone(resampler.input_for(100, 3'000), 24'000), 1, 100, 3'000);
  std::vector<float> pieces;
  for (std::int64_t at = 100; at < 3'100; at += 250) {
    const auto piece = resampler.resample(tone(resampler.input_for(at, 250), 24'000), 1, at, 250);
    pieces.insert(pieces.end(), piece.begin(), piece.end());
  }

  REQUIRE(pieces.size() == whole.size());
  double worst = 0;
  for (std::size_t i = 0; i < whole.size(); ++i)
    worst = std::max(worst, static_cast<double>(std::abs(pieces[i] - whole[i])));
  CHECK(worst < 2);
}
