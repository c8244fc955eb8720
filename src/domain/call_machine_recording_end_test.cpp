// When a recording ended, and how well that is known.
#include "domain/call_machine.hpp"

#include <doctest/doctest.h>

using namespace earshot;

namespace {

struct Desk {
  CallMachineOptions options;
  CallState state;
  WallTime now = WallTime{} + 500000h;

  void happens(const CallEvent& event) { state = step(state, event, now, options).next; }
  // Rung, answered, connected, its recording active for a minute.
  void talk() {
    state.call.id = {"call-1"};
    state.call.received_at = now;
    state.call.rang_at = now;
    happens(call_event::Rang{});
    happens(call_event::AnswerAccepted{{"conn"}, {"server"}, {"corr"}});
    happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, now});
    happens(call_event::RecordingStarted{{"R1"}});
    happens(call_event::RecordingState{{"R1"}, true, now, now});
    happens(call_event::MediaConnected{});
    now += 60s;
  }
};

Error error_of(ErrorKind kind, std::string code) {
  return Error{.kind = kind, .message = "ACS answered " + code, .code = std::move(code)};
}

}  // namespace

TEST_CASE("an end that was told is exact, and one that was found lies between two times") {
  SUBCASE("told by CallDisconnected") {
    Desk desk;
    desk.talk();
    const WallTime end = desk.now - 2s;
    desk.happens(call_event::Disconnected{200, 0, end, {"conn"}, {}});
    CHECK(desk.state.recordings.at(0).ended_at == end);
    CHECK_FALSE(desk.state.recordings.at(0).ended_after.has_value());
    // That ACS has it no more tells nothing new.
    desk.happens(call_event::RecordingStopDone{{"R1"}, error_of(ErrorKind::not_found, "8522")});
    CHECK(desk.state.recordings.at(0).ended_at == end);
    CHECK_FALSE(desk.state.recordings.at(0).ended_after.has_value());
  }
  SUBCASE("told by RecordingStateChanged") {
    Desk desk;
    desk.talk();
    const WallTime end = desk.now - 1s;
    desk.happens(call_event::RecordingState{{"R1"}, false, {}, end});
    CHECK(desk.state.recordings.at(0).ended_at == end);
    CHECK_FALSE(desk.state.recordings.at(0).ended_after.has_value());
  }
  SUBCASE("found with its call, after it had been seen active") {
    Desk desk;
    desk.talk();
    desk.happens(call_event::TimerFired{CallTimer::recording_poll});
    const WallTime seen = desk.now;
    desk.happens(call_event::RecordingPolled{{"R1"}, call_event::RecordingPoll::active});
    desk.now += 40s;
    desk.happens(call_event::CallPolled{call_event::CallPoll::gone});
    CHECK(desk.state.recordings.at(0).ended_at == desk.now);
    CHECK(desk.state.recordings.at(0).ended_after == seen);
    // CallDisconnected comes after all: now it is known.
    const WallTime end = seen + 10s;
    desk.now += 10s;
    desk.happens(call_event::Disconnected{200, 0, end, {"conn"}, {}});
    CHECK(desk.state.recordings.at(0).ended_at == end);
    CHECK_FALSE(desk.state.recordings.at(0).ended_after.has_value());
  }
  SUBCASE("found gone by a poll, never seen active since it began") {
    Desk desk;
    desk.talk();
    const auto active_at = desk.state.recordings.at(0).active_at;
    desk.happens(call_event::TimerFired{CallTimer::recording_poll});
    desk.happens(call_event::RecordingPolled{{"R1"}, call_event::RecordingPoll::gone});
    CHECK(desk.state.recordings.at(0).ended_at == desk.now);
    CHECK(desk.state.recordings.at(0).ended_after == active_at);
  }
  SUBCASE("a time that cannot be is not taken for the end") {
    Desk desk;
    desk.talk();
    desk.happens(call_event::CallPolled{call_event::CallPoll::gone});
    const auto ended = desk.state.recordings.at(0).ended_at;
    desk.happens(call_event::Disconnected{200, 0, desk.now + 1h, {"conn"}, {}});
    desk.happens(call_event::RecordingState{{"R1"}, false, {}, desk.now - 48h});
    CHECK(desk.state.recordings.at(0).ended_at == ended);
    CHECK(desk.state.recordings.at(0).ended_after.has_value());
  }
}
