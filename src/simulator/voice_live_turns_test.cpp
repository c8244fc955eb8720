#include "simulator/voice_live_turns.hpp"

#include <cmath>
#include <doctest/doctest.h>

using namespace earshot::simulator;

namespace {

std::vector<std::int16_t> sound(int ms, int rate = 24000, double amplitude = 8000) {
  std::vector<std::int16_t> samples(static_cast<std::size_t>(ms) * static_cast<std::size_t>(rate) /
                                    1000);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<std::int16_t>(amplitude * std::sin(static_cast<double>(i) * 0.1));
  return samples;
}

std::vector<TurnBoundary> feed(TurnDetector& detector, int silence_ms, int speech_ms,
                               int silence_after_ms) {
  std::vector<TurnBoundary> all;
  for (const auto& part :
       {sound(silence_ms, 24000, 0), sound(speech_ms), sound(silence_after_ms, 24000, 0)})
    for (const auto& boundary : detector.append(part)) all.push_back(boundary);
  return all;
}

}  // namespace

TEST_CASE(
    "a turn's start reaches back by the prefix padding and its end holds the silence window") {
  TurnDetector detector({});

  const auto turns = feed(detector, 1000, 800, 1000);

  REQUIRE(turns.size() == 2);
  CHECK(turns[0].started);
  CHECK(turns[0].at_ms == 1000 - 400);
  CHECK_FALSE(turns[1].started);
  CHECK(turns[1].at_ms == 1000 + 800 + 500);
  CHECK(turns[1].speech_ms == 800);
}

TEST_CASE("a start is never before the first sample") {
  TurnDetector detector({});
  const auto turns = feed(detector, 100, 400, 0);
  REQUIRE(turns.size() == 1);
  CHECK(turns[0].at_ms == 0);
}

TEST_CASE("a click shorter than the speech duration is no turn") {
  TurnDetector detector({});
  CHECK(feed(detector, 500, 160, 1000).empty());
}

TEST_CASE("the sample clock counts what was appended, whatever the size of the pieces") {
  TurnDetector whole({});
  TurnDetector pieces({});
  const auto audio = sound(700);

  const auto at_once = whole.append(audio);
  std::vector<TurnBoundary> piecewise;
  for (std::size_t at = 0; at < audio.size(); at += 77) {
    const std::size_t length = std::min<std::size_t>(77, audio.size() - at);
    for (const auto& boundary : pieces.append({audio.data() + at, length}))
      piecewise.push_back(boundary);
  }

  REQUIRE(at_once.size() == 1);
  REQUIRE(piecewise.size() == 1);
  CHECK(piecewise[0].at_ms == at_once[0].at_ms);
  CHECK(pieces.appended_ms() == 700);
}
