#include "simulator/faults.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::simulator;

TEST_CASE("a fault strikes at its point only, and only so many times") {
  Faults faults({{.point = "rest.answer", .skip = 1, .times = 2, .status = 429}});

  CHECK(faults.at("rest.reject").status == 0);
  CHECK(faults.at("rest.answer").status == 0);
  CHECK(faults.at("rest.answer").status == 429);
  CHECK(faults.at("rest.answer").status == 429);
  CHECK(faults.at("rest.answer").status == 0);
  CHECK(faults.struck() == 2);
}

TEST_CASE("a star matches every point behind it") {
  Faults faults({{.point = "callback.*", .drop = true}});
  CHECK(faults.at("callback.CallConnected").drop);
  CHECK_FALSE(faults.at("event_grid.IncomingCall").drop);
}

TEST_CASE("the same seed gives the same troubles, another seed others") {
  const std::vector<FaultRule> rules{
      {.point = "callback.*", .chance = 0.5, .delay = 10ms, .delay_spread = 1s}};
  Faults one(rules, 7);
  Faults same(rules, 7);
  Faults other(rules, 8);
  bool differs = false;
  int struck = 0;
  for (int i = 0; i < 200; ++i) {
    const Duration delay = one.at("callback.x").delay;
    CHECK(delay == same.at("callback.x").delay);
    differs |= delay != other.at("callback.x").delay;
    struck += delay > Duration::zero();
    CHECK(delay <= 1010ms);
  }
  CHECK(differs);
  CHECK(struck > 60);
  CHECK(struck < 140);
}

TEST_CASE("a fault is written as text") {
  auto rule = parse_fault("rest.start_recording:status=429,retry-after=3,times=2,chance=0.25");
  REQUIRE(rule.has_value());
  CHECK(rule->point == "rest.start_recording");
  CHECK(rule->status == 429);
  CHECK(rule->retry_after_s == 3u);
  CHECK(rule->times == 2);
  CHECK(rule->chance == 0.25);

  auto slow = parse_fault("storage.put:delay=1500ms,spread=2s,reorder,drop");
  REQUIRE(slow.has_value());
  CHECK(slow->delay == 1500ms);
  CHECK(slow->delay_spread == 2s);
  CHECK(slow->reorder);
  CHECK(slow->drop);
}

TEST_CASE("a fault that is not understood is refused with the word that is wrong") {
  for (const char* text : {"", "rest.answer", ":drop", "a:", "a:delay=x", "a:chance=2",
                           "a:status=200", "a:what", "a:delay=-5ms", "a:copies=1000"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_fault(text).has_value());
  }
  CHECK(parse_fault("a:drop,sideways").error().message.find("sideways") != std::string::npos);
}
