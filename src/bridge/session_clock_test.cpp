#include "bridge/session_clock.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::bridge;

TEST_CASE("continuous audio needs one anchor") {
  SessionClock clock;
  for (int i = 0; i < 1000; ++i) clock.appended(5s + i * 20ms, 20ms);

  CHECK(clock.anchors() == 1);
  CHECK(clock.to_call_time(1s) == 6s);
  CHECK(clock.to_call_time(0s) == 5s);
}

TEST_CASE("a hole in the call moves what comes after it and nothing before") {
  SessionClock clock;
  for (int i = 0; i < 50; ++i) clock.appended(i * 20ms, 20ms);
  for (int i = 0; i < 50; ++i) clock.appended(10s + i * 20ms, 20ms);

  CHECK(clock.to_call_time(980ms) == 980ms);
  CHECK(clock.to_call_time(1s) == 10s);
  CHECK(clock.to_call_time(1500ms) == 10500ms);
}

TEST_CASE("times beyond the appended audio go on from its end") {
  SessionClock clock;
  clock.appended(3s, 20ms);
  CHECK(clock.to_call_time(120ms) == 3120ms);
  CHECK(clock.to_call_time(-100ms) == 2900ms);
}

TEST_CASE("rounding of samples to microseconds makes no anchors") {
  SessionClock clock;
  Duration at{0};
  for (int i = 0; i < 100'000; ++i) {
    clock.appended(at, Duration(20'000));
    at += Duration(20'000 + (i % 3 == 0 ? 1 : 0) - (i % 3 == 1 ? 1 : 0));
  }
  CHECK(clock.anchors() == 1);
}

TEST_CASE("anchors are bounded and the newest stay right") {
  SessionClock clock;
  for (int i = 0; i < 3000; ++i) clock.appended(i * 100ms, 20ms);

  CHECK(clock.anchors() == SessionClock::anchors_max);
  CHECK(clock.to_call_time(2999 * 20ms) == 2999 * 100ms);
}
