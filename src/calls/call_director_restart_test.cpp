// What an earlier process left, taken up by the next.
#include "calls/call_director.hpp"
#include "calls/testing/call_desk.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::calls;
using namespace earshot::calls::testing;

TEST_CASE("a call that went on during a restart gets its bridge and recording back") {
  CallDesk desk;
  desk.start();
  desk.talk();
  desk.process->notes.turn(Turn{.call = desk.call().id,
                                .item_id = "item",
                                .session_id = "session",
                                .speaker = Speaker::assistant,
                                .text = "Hello"});
  desk.advance(1s);

  desk.restart();
  desk.advance(3s);
  CHECK(desk.acs.count("get_call") >= 1);
  CHECK(desk.acs.count("get_recording R1") >= 1);
  CHECK(desk.acs.count("start_media") == 1);
  CHECK(desk.acs.count("start") == 1);
  desk.socket_opens();

  REQUIRE(desk.bridges.size() == 1);
  CHECK(desk.bridge().start.conversation.size() == 1);
  CHECK_FALSE(desk.bridge().start.say_notice);
  CHECK(desk.bridge().gate);
}

TEST_CASE("a call that ended during a restart is ended and looked for") {
  CallDesk desk;
  desk.start();
  desk.talk();

  desk.acs.call_alive = false;
  desk.restart();
  desk.advance(5s);

  CHECK(desk.call().phase == CallPhase::ended);
  CHECK(desk.discoveries() == std::vector<std::string>{"R1"});
}

TEST_CASE("a ring that was stored and not handled is answered after a restart") {
  CallDesk desk;
  const auto stored =
      desk.runtime.run_for(desk.store.store_events({desk.ring()}, desk.runtime.clock().wall_now()));
  REQUIRE(stored.has_value());

  desk.start();

  CHECK(desk.acs.count("answer") == 1);
}

TEST_CASE("an answer cut off by a restart is sent again as the same request") {
  CallDesk desk;
  desk.start();
  for (int i = 0; i < 3; ++i) desk.acs.fail_next("answer", broken());
  desk.accept(desk.ring());
  desk.acs.failures.clear();
  const auto request_id = desk.call().answer_request_id;

  desk.restart();
  desk.advance(1s);

  REQUIRE(desk.acs.answered.has_value());
  CHECK(desk.acs.answered->repeatability.request_id == request_id);
  CHECK(desk.acs.answered->incoming_call_context.reveal() == "context");
}
