#include "domain/downlink.hpp"

#include <doctest/doctest.h>

using namespace earshot;

namespace {

// Cut by a StopAudio at 10 s, and last heard so long before.
Turn cut_turn(Duration late, Duration uncertainty = 30ms) {
  Turn turn;
  turn.cut = TurnCut{.stop_left = 10s, .played_until = 10s, .generated = 12s, .words = {}};
  turn.verified = VerifiedCut{.end = 10s - late, .uncertainty = uncertainty};
  return turn;
}

MeasuredDownlink of_call(Duration delay, Duration uncertainty = 30ms) {
  return {.delay = delay, .uncertainty = uncertainty, .cuts = 1};
}

}  // namespace

TEST_CASE("a call's downlink is the middle of its cuts' delays") {
  const auto measured = measure_downlink(
      {"c1"}, WallTime{}, {cut_turn(390ms), cut_turn(150ms), cut_turn(210ms), Turn{}});

  REQUIRE(measured.has_value());
  CHECK(measured->delay == 210ms);
  CHECK(measured->cuts == 3);
}

TEST_CASE("what is uncertain, or was played before StopAudio left, tells no downlink") {
  Turn played = cut_turn(500ms);
  played.cut->played_until = 9700ms;
  Turn unverified = cut_turn(200ms);
  unverified.verified.reset();

  CHECK_FALSE(measure_downlink({"c1"}, WallTime{}, {cut_turn(300ms, 400ms), played, unverified})
                  .has_value());
}

TEST_CASE("the estimate is the middle of recent calls, whatever one of them says") {
  const std::vector calls{of_call(240ms), of_call(180ms), of_call(980ms), of_call(210ms)};

  CHECK(estimate_downlink(calls) == 225ms);
}

TEST_CASE("the estimate stays between nothing and a second") {
  CHECK(estimate_downlink(std::vector{of_call(-40ms)}) == 0ms);
  CHECK(estimate_downlink(std::vector{of_call(1700ms)}) == 1s);
}

TEST_CASE("calls that disagree, or are uncertain, or are none, give no estimate") {
  CHECK_FALSE(estimate_downlink({}).has_value());
  CHECK_FALSE(estimate_downlink(std::vector{of_call(300ms, 101ms)}).has_value());
  CHECK_FALSE(
      estimate_downlink(std::vector{of_call(50ms), of_call(900ms), of_call(400ms), of_call(0ms)})
          .has_value());
}
