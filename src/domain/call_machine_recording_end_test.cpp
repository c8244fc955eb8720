// When a recording ended, and how well that is known.
#include "domain/testing/call_desk.hpp"

using namespace earshot;
using Desk = testing::CallDesk;
using testing::error_of;

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
