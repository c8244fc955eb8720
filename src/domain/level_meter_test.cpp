#include "domain/level_meter.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <numbers>
#include <vector>

using namespace earshot;

namespace {

std::vector<std::int16_t> sine(double amplitude, std::size_t samples) {
  std::vector<std::int16_t> audio(samples);
  for (std::size_t i = 0; i < samples; ++i)
    audio[i] = static_cast<std::int16_t>(
        std::lround(amplitude * std::sin(2 * std::numbers::pi * static_cast<double>(i) / 24.0)));
  return audio;
}

}  // namespace

TEST_CASE("no data, silence and the faintest sound are three different levels") {
  CHECK(level_of({}) == level_no_data);
  CHECK(level_of(std::vector<std::int16_t>(480, 0)) == level_silence);
  std::vector<std::int16_t> faint(480, 0);
  faint[3] = 1;
  CHECK(level_of(faint) == level_lowest);
}

TEST_CASE("levels are decibels below a full-scale square wave") {
  CHECK(level_of(std::vector<std::int16_t>(480, -32768)) == level_full_scale);
  CHECK(level_dbfs(level_of(sine(32767, 480))) == doctest::Approx(-3.0).epsilon(0.1));
  CHECK(level_dbfs(level_of(sine(3276.7, 480))) == doctest::Approx(-23.0).epsilon(0.02));
  CHECK(std::isnan(level_dbfs(level_no_data)));
  CHECK(std::isinf(level_dbfs(level_silence)));
}

TEST_CASE("a louder sound never has a lower level") {
  std::uint8_t last = 0;
  for (double amplitude = 0; amplitude < 32767; amplitude = amplitude * 1.05 + 1) {
    const std::uint8_t level = level_of(sine(amplitude, 480));
    CHECK(level >= last);
    last = level;
  }
}

TEST_CASE("an odd number of samples is summed whole") {
  const std::vector<std::int16_t> samples = {-32768, -32768, -32768};
  CHECK(sum_of_squares(samples) == 3ULL * 32768 * 32768);
}
