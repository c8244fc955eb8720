// A notice that comes before the recording, and what a restart makes of private time.
#include "calls/testing/call_desk.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::calls;
using namespace earshot::calls::testing;

namespace {

const PlayedNotice notice{.from = 1s, .to = 4s, .samples = 72'000, .rate_hz = 24'000};

// Connected, the media socket open, the recording started paused.
void wait_for_notice(CallDesk& desk) {
  desk.options.machine.consent = RecordingConsent::notice_first;
  desk.start();
  desk.accept(desk.ring());
  desk.accept(desk.connected());
  desk.accept(desk.state_changed("R1", false));
  desk.socket_opens();
  desk.advance(2s);
}

}  // namespace

TEST_CASE("a notice that comes first starts the recording paused and lets it go on when played") {
  CallDesk desk;
  wait_for_notice(desk);
  REQUIRE(desk.acs.starts.size() == 1);
  CHECK(desk.acs.starts[0].pause_on_start);
  CHECK(desk.bridge().start.notice_first);
  CHECK(desk.bridge().start.say_notice);
  CHECK(desk.bridge().start.is_private);
  CHECK(desk.call().recording_phase == RecordingPhase::paused);

  desk.bridge().observer.notice_played(notice);
  desk.advance(1s);

  CHECK(desk.acs.count("resume R1") == 1);
  CHECK(desk.call().notice == notice);
  CHECK(desk.bridge().gate);
  CHECK_FALSE(desk.bridge().is_private);
  CHECK_FALSE(desk.call().is_private);
  auto pauses = desk.runtime.run_for(desk.store.pauses_of({"R1"}));
  REQUIRE(pauses->size() == 1);
  CHECK((*pauses)[0].to.has_value());
}

TEST_CASE("a recording that waits for its notice is not resumed by the operator") {
  CallDesk desk;
  wait_for_notice(desk);
  auto done = desk.runtime.run_for(desk.process->director.resume_recording(desk.call().id));
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().kind == ErrorKind::conflict);
  CHECK(done.error().message.find("recording notice") != std::string::npos);
  CHECK(desk.acs.count("resume") == 0);
}

TEST_CASE("after a restart during the notice the next bridge is private and says it again") {
  CallDesk desk;
  wait_for_notice(desk);
  desk.restart();
  desk.socket_opens();
  desk.advance(3s);
  REQUIRE(desk.bridges.size() == 1);
  CHECK(desk.bridge().start.is_private);
  CHECK(desk.bridge().start.notice_first);
  CHECK(desk.bridge().start.say_notice);
  CHECK(desk.acs.count("resume") == 0);

  desk.bridge().observer.notice_played(notice);
  desk.advance(1s);
  CHECK(desk.acs.count("resume R1") == 1);
  CHECK_FALSE(desk.bridge().is_private);
  CHECK(desk.acs.count("start") == 1);
}

TEST_CASE("after a restart a notice that was played is not said again") {
  CallDesk desk;
  wait_for_notice(desk);
  desk.bridge().observer.notice_played(notice);
  desk.advance(1s);
  desk.restart();
  desk.socket_opens();
  desk.advance(3s);
  REQUIRE(desk.bridges.size() == 1);
  CHECK_FALSE(desk.bridge().start.say_notice);
  CHECK_FALSE(desk.bridge().is_private);
  CHECK(desk.bridge().gate);
}

TEST_CASE("a recording that was stopped while it was paused is private in the next process too") {
  CallDesk desk;
  desk.start();
  desk.talk();
  const auto id = desk.call().id;
  REQUIRE(desk.runtime.run_for(desk.process->director.pause_recording(id)).has_value());
  desk.advance(5s);
  REQUIRE(desk.runtime.run_for(desk.process->director.stop_recording(id)).has_value());
  desk.advance(1s);
  REQUIRE(desk.bridge().is_private);

  desk.restart();
  desk.socket_opens();
  desk.advance(3s);

  REQUIRE(desk.bridges.size() == 1);
  CHECK(desk.bridge().start.is_private);
  CHECK(desk.bridge().is_private);
}
