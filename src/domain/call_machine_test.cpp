// A call from its ringing to its end; its recordings: call_machine_recording_test.cpp.
#include "domain/testing/call_desk.hpp"

using namespace earshot;
using Desk = testing::CallDesk;
using testing::error_of;

TEST_CASE("a call that rings is answered once however often it rings") {
  Desk desk;

  desk.happens(call_event::Rang{});
  CHECK(desk.count<call_action::Answer>() == 1);
  desk.happens(call_event::Rang{});

  CHECK(desk.count<call_action::Answer>() == 0);
  CHECK(desk.state.call.phase == CallPhase::answering);
}

TEST_CASE("a ring older than the ring window is kept and not answered") {
  Desk desk;
  desk.state.call.rang_at = desk.now - 31s;

  desk.happens(call_event::Rang{});

  CHECK(desk.count<call_action::Answer>() == 0);
  CHECK(desk.count<call_action::Reject>() == 0);
  CHECK(desk.state.call.phase == CallPhase::not_answered);
}

TEST_CASE("a call beyond the calls allowed is rejected as busy") {
  Desk desk;

  desk.happens(call_event::Rang{call_event::Admission::busy});

  CHECK(desk.count<call_action::Reject>() == 1);
  CHECK(desk.state.call.phase == CallPhase::not_answered);
}

TEST_CASE("a call for a number that is not ours is left to ring") {
  Desk desk;

  desk.happens(call_event::Rang{call_event::Admission::not_our_number});

  CHECK(desk.count<call_action::Reject>() == 0);
  CHECK(desk.count<call_action::Answer>() == 0);
  CHECK(desk.state.call.phase == CallPhase::not_answered);
}

TEST_CASE("a call of an ACS resource that is not configured is left to ring, and somebody told") {
  Desk desk;
  desk.state.call.resource = "?voice-use";

  desk.happens(call_event::Rang{call_event::Admission::unknown_resource});

  CHECK(desk.count<call_action::Reject>() == 0);
  CHECK(desk.count<call_action::Answer>() == 0);
  CHECK(desk.count<call_action::RaiseAlert>() == 1);
  CHECK(desk.state.call.phase == CallPhase::not_answered);
}

TEST_CASE("CallConnected before the answer's own response connects and starts the recording once") {
  Desk desk;
  desk.happens(call_event::Rang{});

  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});
  CHECK(desk.count<call_action::StartRecording>() == 1);
  desk.happens(call_event::AnswerAccepted{{"conn"}, {"server"}, {"corr"}});
  CHECK(desk.actions.empty());
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});

  CHECK(desk.actions.empty());
  CHECK(desk.state.call.phase == CallPhase::connected);
  CHECK(desk.state.call.connection_id.text == "conn");
}

TEST_CASE(
    "CallDisconnected before CallConnected ends the call and the late event changes nothing") {
  Desk desk;
  desk.happens(call_event::Rang{});

  desk.happens(call_event::Disconnected{200, 560000, desk.now, {"conn"}, {"server"}});
  CHECK(desk.state.call.phase == CallPhase::ended);
  CHECK(desk.state.call.end_reason == "the remote party hung up (200/560000)");
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});

  CHECK(desk.actions.empty());
  CHECK(desk.state.call.phase == CallPhase::ended);
}

TEST_CASE("an answer that ACS refuses is not tried again") {
  Desk desk;
  desk.happens(call_event::Rang{});

  desk.happens(call_event::AnswerError{error_of(ErrorKind::refused, "7501")});

  CHECK(desk.state.call.phase == CallPhase::not_answered);
  CHECK(desk.alerted("answer_failed"));
}

TEST_CASE("an answer without a response is tried again within the ring window only") {
  Desk desk;
  desk.happens(call_event::Rang{});

  desk.happens(call_event::AnswerError{error_of(ErrorKind::unavailable, "")});
  desk.fires(CallTimer::answer_retry);
  CHECK(desk.count<call_action::Answer>() == 1);
  desk.now += 30s;
  desk.happens(call_event::AnswerError{error_of(ErrorKind::unavailable, "")});
  CHECK_FALSE(desk.armed(CallTimer::answer_retry));
  desk.fires(CallTimer::answer_given_up);

  CHECK(desk.state.call.phase == CallPhase::not_answered);
}

TEST_CASE("a call that connects after its answer was given up is a call all the same") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.fires(CallTimer::answer_given_up);
  REQUIRE(desk.state.call.phase == CallPhase::not_answered);

  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});

  CHECK(desk.state.call.phase == CallPhase::connected);
  CHECK(desk.count<call_action::StartRecording>() == 1);
  CHECK(desk.state.call.end_reason.empty());
}

TEST_CASE("a lost CallConnected is found by asking for the call") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::AnswerAccepted{{"conn"}, {"server"}, {"corr"}});

  desk.fires(CallTimer::connected_due);
  CHECK(desk.count<call_action::PollCall>() == 1);
  desk.happens(call_event::CallPolled{call_event::CallPoll::connected, {"conn"}, {"server"}});

  CHECK(desk.state.call.phase == CallPhase::connected);
  CHECK(desk.count<call_action::StartRecording>() == 1);
}

TEST_CASE("a lost CallDisconnected is found when the media socket goes") {
  Desk desk;
  desk.talk();

  desk.happens(call_event::MediaLost{"closed"});
  CHECK(desk.count<call_action::PollCall>() == 1);
  desk.happens(call_event::CallPolled{call_event::CallPoll::gone, {}, {}});

  CHECK(desk.state.call.phase == CallPhase::ended);
  CHECK(desk.count<call_action::StopRecording>() == 1);
}

TEST_CASE(
    "a CallDisconnected that comes after its call was found over says how and when it ended") {
  Desk desk;
  desk.talk();
  const WallTime end = desk.now - 1ms;
  SUBCASE("and replaces what had been supposed") {
    desk.happens(call_event::MediaLost{"closed"});
    desk.happens(call_event::CallPolled{call_event::CallPoll::gone, {}, {}});
    desk.happens(call_event::Disconnected{200, 560000, end, {"conn"}, {}});
    CHECK(desk.state.call.end_reason == "the remote party hung up (200/560000)");
    CHECK(desk.state.call.ended_at == end);
    CHECK(desk.state.call.end_sub_code == 560000);
    desk.happens(call_event::Disconnected{487, 1, end - 1ms, {"conn"}, {}});
    CHECK(desk.state.call.ended_at == end);
    CHECK(desk.state.call.end_code == 200);
  }
  SUBCASE("but what we had asked for stays the reason") {
    desk.happens(call_event::HangUpWanted{"the operator hung up"});
    desk.happens(call_event::CallPolled{call_event::CallPoll::gone, {}, {}});
    desk.happens(call_event::Disconnected{200, 560000, end, {"conn"}, {}});
    CHECK(desk.state.call.end_reason == "the operator hung up");
    CHECK(desk.state.call.end_code == 200);
  }
  SUBCASE("and a time that cannot be is not taken") {
    desk.happens(call_event::CallPolled{call_event::CallPoll::gone, {}, {}});
    const auto found = desk.state.call.ended_at;
    desk.happens(call_event::Disconnected{200, 0, desk.now + 1h, {"conn"}, {}});
    CHECK(desk.state.call.ended_at == found);
  }
}

TEST_CASE("media lost in a call that goes on is asked for after ACS had its own chance") {
  Desk desk;
  desk.talk();

  desk.happens(call_event::MediaLost{"closed"});
  desk.happens(call_event::CallPolled{call_event::CallPoll::connected, {}, {}});
  CHECK(desk.count<call_action::StartMediaStreaming>() == 0);
  const auto lost_at = desk.now;
  desk.fires(CallTimer::media_due);
  CHECK(desk.now - lost_at == 2s);
  CHECK(desk.count<call_action::StartMediaStreaming>() == 1);
  desk.happens(call_event::MediaConnected{});

  CHECK_FALSE(desk.armed(CallTimer::media_due));
  CHECK(desk.state.call.media_connected);
}

TEST_CASE("a media socket that never opens is asked for five seconds after CallConnected") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});

  const auto connected_at = desk.now;
  desk.fires(CallTimer::media_due);

  CHECK(desk.now - connected_at == 5s);
  CHECK(desk.count<call_action::StartMediaStreaming>() == 1);
}

TEST_CASE("a call is hung up when it has lasted as long as is allowed") {
  Desk desk;
  desk.options.call_length_max = 1h;
  desk.talk();

  desk.fires(CallTimer::call_length);
  CHECK(desk.count<call_action::HangUp>() == 1);
  desk.happens(call_event::HangUpDone{});
  desk.fires(CallTimer::hang_up_due);
  CHECK(desk.count<call_action::PollCall>() == 1);
  desk.happens(call_event::CallPolled{call_event::CallPoll::connected, {}, {}});
  CHECK(desk.count<call_action::HangUp>() == 1);
  desk.happens(call_event::HangUpDone{error_of(ErrorKind::not_found, "8522")});

  CHECK(desk.state.call.phase == CallPhase::ended);
  CHECK(desk.state.call.end_reason == "the longest allowed call was reached");
}

TEST_CASE("an open call is asked for after a restart and its recording checked") {
  Desk desk;
  desk.talk();
  desk.state = CallState{.call = desk.state.call, .recordings = desk.state.recordings};

  desk.happens(call_event::RestartRecovery{});
  CHECK(desk.count<call_action::PollCall>() == 1);
  CHECK(desk.count<call_action::StartRecording>() == 0);
  desk.happens(call_event::CallPolled{call_event::CallPoll::connected, {}, {}});
  CHECK(desk.only<call_action::PollRecording>().id.text == "R1");
  desk.fires(CallTimer::media_due);

  CHECK(desk.count<call_action::StartMediaStreaming>() == 1);
}

TEST_CASE("a start that a restart cut off is sent again under its own request id") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});
  desk.state = CallState{.call = desk.state.call, .recordings = desk.state.recordings};

  desk.happens(call_event::RestartRecovery{});
  desk.happens(call_event::CallPolled{call_event::CallPoll::connected, {}, {}});

  CHECK(desk.only<call_action::StartRecording>().repeat);
}

TEST_CASE("an open call that ACS forgot during a restart is ended and its recording looked for") {
  Desk desk;
  desk.talk();
  desk.state = CallState{.call = desk.state.call, .recordings = desk.state.recordings};

  desk.happens(call_event::RestartRecovery{});
  desk.happens(call_event::CallPolled{call_event::CallPoll::gone, {}, {}});

  CHECK(desk.state.call.phase == CallPhase::ended);
  CHECK(desk.only<call_action::QueueDiscovery>().id.text == "R1");
}

TEST_CASE("a journal entry is JSON whatever the text") {
  Desk desk;
  desk.talk();

  desk.happens(call_event::MediaLost{"a \"quote\", a \\ and a \n"});

  bool found = false;
  for (const auto& action : desk.actions)
    if (const auto* entry = std::get_if<call_action::Journal>(&action))
      found = found || entry->detail == R"({"reason":"a \"quote\", a \\ and a \u000a"})";
  CHECK(found);
}
