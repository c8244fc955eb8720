// Calls of several ACS resources: each stays with the one that it came in on.
#include "calls/testing/call_desk.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::calls;
using namespace earshot::calls::testing;

TEST_CASE(
    "a call is answered and recorded with the resource that its ring names, and with no other") {
  CallDesk desk;
  desk.options.resources = two_regions();
  desk.start();

  desk.accept(desk.ring_on("voice-jpe", "one"));
  desk.accept(desk.connected());
  desk.advance(1s);

  CHECK(desk.call().resource == "jpe");
  CHECK(desk.acs.count("start") == 1);
  CHECK(desk.acs.resources == std::vector<std::string>{"jpe"});
  desk.accept(desk.ring_on("VOICE-WEU", "two", "4:+15550199"));
  CHECK(desk.acs.resources == std::vector<std::string>{"jpe", "weu"});
}

TEST_CASE("a call of a resource that is not configured is stored and told of, and not answered") {
  CallDesk desk;
  desk.options.resources = two_regions();
  desk.start();

  desk.accept(desk.ring_on("voice-use"));
  desk.advance(1min);

  CHECK(desk.call().phase == CallPhase::not_answered);
  CHECK(desk.call().resource == "?voice-use");
  CHECK(desk.acs.asked.empty());
  CHECK(desk.alerts.has("resource_unknown"));
  CHECK(desk.store.events_waiting() == 0);
  CHECK(desk.counters.counter("earshot_rings_total", "", {{"resource", "unknown"}}).value() == 1);
}

TEST_CASE("where there is one resource, whatever topic a ring names is that one's") {
  CallDesk desk;
  desk.start();

  desk.accept(desk.ring_on("voice-use"));

  CHECK(desk.call().resource == "default");
  CHECK(desk.acs.count("answer") == 1);
}

TEST_CASE("after a restart a call goes on with the resource it is stored with") {
  CallDesk desk;
  desk.options.resources = two_regions();
  desk.start();
  desk.accept(desk.ring_on("voice-jpe"));
  desk.accept(desk.connected());
  desk.acs.resources.clear();

  desk.restart();
  desk.advance(1s);

  CHECK(desk.acs.count("get_call") >= 1);
  CHECK(desk.acs.resources == std::vector<std::string>{"jpe"});
  CHECK_FALSE(desk.alerts.has("resource_not_configured"));
}

TEST_CASE("an open call whose resource is configured no longer is told of, and the others go on") {
  CallDesk desk;
  desk.options.resources = two_regions();
  desk.start();
  desk.accept(desk.ring_on("voice-jpe", "one"));
  desk.accept(desk.ring_on("voice-weu", "two", "4:+15550199"));

  desk.options.resources = AcsResources({{"weu", resource_id("voice-weu")}});
  desk.restart();
  desk.advance(1s);

  CHECK(desk.alerts.has("resource_not_configured"));
  CHECK(desk.process->director.calls_open() == 2);
  CHECK(std::ranges::count(desk.alerts.raised, std::string("resource_not_configured"),
                           &Alert::kind) == 1);
}
