// Calls while the database is slow or away.

#include "calls/call_director.hpp"
#include "calls/testing/call_desk.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::calls;
using namespace earshot::calls::testing;

TEST_CASE("the bridge of a new call does not wait for the database") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());
  desk.accept(desk.connected());
  desk.store.hangs = true;

  desk.socket_opens();

  CHECK(desk.bridges.size() == 1);
  desk.store.hangs = false;
}

TEST_CASE("with the database away for a minute events wait on disk and the bridge plays on") {
  CallDesk desk;
  desk.start();
  desk.talk();
  const auto disconnected = desk.disconnected();

  desk.store.fail_next_commits(1'000'000);
  CHECK(desk.accept(disconnected) == Accepted::stored);
  CHECK(desk.spool.appends.size() == 1);
  desk.advance(1min);
  CHECK(desk.bridge().end_reason.empty());
  CHECK(desk.process->director.calls_open() == 1);
  desk.store.fail_next_commits(0);
  desk.advance(10s);

  CHECK(desk.call().phase == CallPhase::ended);
  CHECK(desk.spool.appends.empty());
  CHECK(desk.discoveries() == std::vector<std::string>{"R1"});
}

TEST_CASE("a call in progress outlives a database that goes away between its events") {
  CallDesk desk;
  desk.start();
  desk.talk();

  desk.store.fail_next_commits(1'000'000);
  desk.bridge().lose_socket();  // what follows from it cannot be stored yet
  desk.advance(30s);
  CHECK(desk.acs.count("start_media") == 0);
  desk.store.fail_next_commits(0);
  desk.advance(10s);

  CHECK(desk.acs.count("start_media") >= 1);
  CHECK(desk.call().phase == CallPhase::connected);
}

TEST_CASE("a ring whose commit succeeded though its answer was lost is answered, and once") {
  CallDesk desk;
  desk.start();
  desk.store.lost_answers = 1;
  desk.accept(desk.ring());
  desk.advance(10s);

  CHECK(desk.acs.count("answer") == 1);
  CHECK(desk.calls().size() == 1);
}

TEST_CASE("what follows from an event is done once, whichever commits lose their answer") {
  for (int commit = 1; commit <= 8; ++commit) {
    CAPTURE(commit);
    CallDesk desk;
    desk.start();
    desk.accept(desk.ring());
    const auto lose = [&](InboundEvent event) {
      desk.store.lost_answers = commit;
      desk.accept(std::move(event));
      desk.advance(30s);
      desk.store.lost_answers = 0;
    };
    lose(desk.connected());
    CHECK(desk.acs.count("start") == 1);
    lose(desk.state_changed("R1", true));
    CHECK(desk.recordings().size() == 1);
    lose(desk.disconnected());
    CHECK(desk.call().phase == CallPhase::ended);
    CHECK(desk.acs.count("stop") == 1);
    CHECK(desk.discoveries() == std::vector<std::string>{"R1"});
    CHECK(desk.store.events_waiting() == 0);
  }
}

TEST_CASE("an event that was stored though the answer was lost is handled from the spool") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());
  desk.store.lost_event_answers = 1;
  CHECK(desk.accept(desk.connected()) == Accepted::stored);
  desk.advance(10s);

  CHECK(desk.call().phase == CallPhase::connected);
  CHECK(desk.acs.count("start") == 1);
  CHECK(desk.store.events_waiting() == 0);
}

TEST_CASE("a pause by keys takes effect while the database is away") {
  CallDesk desk;
  desk.start();
  desk.talk();
  desk.store.fail_next_commits(1'000'000);

  desk.bridge().observer.wants_recording(true, "keys", "");
  desk.runtime.run_ready();

  CHECK(desk.bridge().is_private);
  CHECK(desk.acs.count("pause") == 1);
  const WallTime paused_at = desk.runtime.clock().wall_now();
  desk.advance(1min);
  CHECK(desk.bridge().is_private);
  CHECK(desk.call().recording_wish == RecordingWish::record);

  desk.store.fail_next_commits(0);
  desk.advance(10s);
  CHECK(desk.bridge().is_private);
  CHECK(desk.acs.count("pause") == 1);
  CHECK(desk.call().recording_phase == RecordingPhase::paused);
  CHECK(desk.call().is_private);
  const auto pauses = desk.runtime.run_for(desk.store.pauses_of({"R1"}));
  REQUIRE(pauses.has_value());
  REQUIRE(pauses->size() == 1);
  CHECK(pauses->at(0).from == paused_at);
}

TEST_CASE("a pause takes effect while what came before it is still being stored") {
  CallDesk desk;
  desk.start();
  desk.talk();
  desk.bridge().observer.wants_recording(true, "keys", "");
  desk.advance(5s);
  REQUIRE(desk.call().recording_phase == RecordingPhase::paused);
  desk.store.commit_takes = 20s;
  desk.bridge().observer.wants_recording(false, "keys", "");
  desk.runtime.run_ready();
  desk.bridge().observer.wants_recording(true, "keys", "");
  // The wish to resume is stored first; it is not followed any more.
  for (int i = 0; i < 120; ++i) {
    desk.advance(1s);
    CHECK(desk.bridge().is_private);
  }
  CHECK(desk.acs.count("resume") == 0);
  desk.store.commit_takes = 0s;
  desk.advance(2min);
  CHECK(desk.call().recording_wish == RecordingWish::pause);
  CHECK(desk.call().recording_phase == RecordingPhase::paused);
}

TEST_CASE("a pause that no longer fits when it can be stored leaves nothing private") {
  CallDesk desk;
  desk.start();
  desk.talk();
  desk.store.fail_next_commits(1'000'000);
  desk.bridge().observer.wants_recording(true, "keys", "");
  desk.bridge().observer.wants_recording(false, "keys", "");
  desk.advance(30s);
  CHECK(desk.bridge().is_private);  // only what is stored ends it
  desk.store.fail_next_commits(0);
  desk.advance(2min);
  CHECK_FALSE(desk.bridge().is_private);
  CHECK(desk.call().recording_phase == RecordingPhase::active);
}
