#include "domain/call_machine.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;

namespace {

// A call, the clock, and what the machine last wanted.
class Desk {
 public:
  Desk() {
    state.call.id = {"call-1"};
    state.call.received_at = now;
    state.call.rang_at = now;
  }
  void happens(const CallEvent& event) {
    auto transition = step(state, event, now, options);
    state = std::move(transition.next);
    actions = std::move(transition.actions);
    for (const auto& action : actions)
      if (const auto* armed = std::get_if<call_action::ArmTimer>(&action))
        timers[static_cast<std::size_t>(armed->timer)] = now + armed->after;
      else if (const auto* cancelled = std::get_if<call_action::CancelTimer>(&action))
        timers[static_cast<std::size_t>(cancelled->timer)].reset();
  }
  void fires(CallTimer timer) {
    auto& at = timers[static_cast<std::size_t>(timer)];
    REQUIRE(at.has_value());
    now = std::max(now, *at);
    at.reset();
    happens(call_event::TimerFired{timer});
  }
  bool armed(CallTimer timer) const { return timers[static_cast<std::size_t>(timer)].has_value(); }
  template <class Action>
  int count() const {
    return static_cast<int>(std::count_if(actions.begin(), actions.end(), [](const auto& action) {
      return std::holds_alternative<Action>(action);
    }));
  }
  template <class Action>
  Action only() const {
    REQUIRE(count<Action>() == 1);
    for (const auto& action : actions)
      if (const auto* found = std::get_if<Action>(&action)) return *found;
    return {};
  }
  bool alerted(std::string_view kind) const {
    return std::any_of(actions.begin(), actions.end(), [&](const auto& action) {
      const auto* alert = std::get_if<call_action::RaiseAlert>(&action);
      return alert && alert->kind == kind;
    });
  }
  // Rung, answered, connected, the first recording started and active, media open.
  void talk() {
    happens(call_event::Rang{});
    happens(call_event::AnswerAccepted{{"conn"}, {"server"}, {"corr"}});
    happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, now});
    happens(call_event::RecordingStarted{{"R1"}});
    happens(call_event::RecordingState{{"R1"}, true, now});
    happens(call_event::MediaConnected{});
    now += 60s;
  }

  CallMachineOptions options;
  CallState state;
  WallTime now = WallTime{} + 500000h;
  std::vector<CallAction> actions;
  std::array<std::optional<WallTime>, call_timer_kinds> timers;
};

Error error_of(ErrorKind kind, std::string code) {
  return Error{.kind = kind, .message = "ACS answered " + code, .code = std::move(code)};
}

}  // namespace

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

TEST_CASE("the gate opens when the recording is active and not before") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});

  desk.happens(call_event::RecordingStarted{{"R1"}});
  CHECK(desk.count<call_action::SetGate>() == 0);
  desk.happens(call_event::RecordingState{{"R1"}, true, desk.now});

  CHECK(desk.only<call_action::SetGate>().open);
  CHECK(desk.state.recordings.at(0).active_at == desk.now);
}

TEST_CASE("without a state event the poll finds the recording active and the operator is told") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});
  desk.happens(call_event::RecordingStarted{{"R1"}});

  desk.fires(CallTimer::recording_poll);
  CHECK(desk.only<call_action::PollRecording>().id.text == "R1");
  desk.happens(call_event::RecordingPolled{{"R1"}, call_event::RecordingPoll::active});
  CHECK(desk.only<call_action::SetGate>().open);
  desk.fires(CallTimer::recording_state_due);

  CHECK(desk.only<call_action::Warn>().message.find("/api/callbacks") != std::string::npos);
}

TEST_CASE("a state event that overtakes the start's answer names the recording") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});

  desk.happens(call_event::RecordingState{{"R1"}, true, desk.now});
  CHECK(desk.only<call_action::SetGate>().open);
  desk.happens(call_event::RecordingStarted{{"R1"}});
  CHECK(desk.actions.empty());
  desk.happens(call_event::RecordingStartError{error_of(ErrorKind::unavailable, "")});

  CHECK(desk.count<call_action::StartRecording>() == 0);
  CHECK(desk.state.recordings.size() == 1);
}

TEST_CASE("a start that fails is tried again at once and then with growing room and an alert") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});

  desk.happens(call_event::RecordingStartError{error_of(ErrorKind::unavailable, "9999")});
  CHECK(desk.count<call_action::StartRecording>() == 1);
  CHECK(desk.alerted("recording_start_failed"));
  desk.happens(call_event::RecordingStartError{error_of(ErrorKind::unavailable, "9999")});
  CHECK(desk.count<call_action::StartRecording>() == 0);
  CHECK_FALSE(desk.alerted("recording_start_failed"));
  desk.fires(CallTimer::recording_restart);
  CHECK(desk.count<call_action::StartRecording>() == 1);
  desk.happens(call_event::RecordingStarted{{"R1"}});
  desk.happens(call_event::RecordingState{{"R1"}, true, desk.now});

  CHECK(desk.state.call.recording_phase == RecordingPhase::active);
  CHECK(desk.state.call.recording_starts == 3);
}

TEST_CASE("starts are given up after the number allowed, with an alert") {
  Desk desk;
  desk.options.recording_starts_max = 3;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});
  desk.happens(call_event::RecordingStartError{error_of(ErrorKind::unavailable, "9999")});
  desk.happens(call_event::RecordingStartError{error_of(ErrorKind::unavailable, "9999")});
  desk.fires(CallTimer::recording_restart);
  desk.happens(call_event::RecordingStartError{error_of(ErrorKind::unavailable, "9999")});

  desk.fires(CallTimer::recording_restart);

  CHECK(desk.count<call_action::StartRecording>() == 0);
  CHECK(desk.alerted("recording_given_up"));
  CHECK(desk.state.call.recording_phase == RecordingPhase::failed);
}

TEST_CASE("StartRecordingFailed after an accepted start leads to another start") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});
  desk.happens(call_event::RecordingStarted{{"R1"}});

  desk.happens(call_event::RecordingStartRefused{{"R1"}, 500, 9999});

  CHECK(desk.count<call_action::StartRecording>() == 1);
  CHECK(desk.state.recordings.at(0).phase == RecordingPhase::failed);
}

TEST_CASE("StartRecordingFailed that overtakes the start's answer leads to one other start") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});

  desk.happens(call_event::RecordingStartRefused{{"R1"}, 500, 9999});
  CHECK(desk.count<call_action::StartRecording>() == 0);
  desk.happens(call_event::RecordingStarted{{"R1"}});

  CHECK(desk.count<call_action::StartRecording>() == 1);
}

TEST_CASE("a recording that is inactive unasked is replaced at once and the old one looked for") {
  Desk desk;
  desk.talk();

  desk.happens(call_event::RecordingState{{"R1"}, false, {}});
  CHECK(desk.count<call_action::StartRecording>() == 1);
  CHECK_FALSE(desk.only<call_action::SetGate>().open);
  CHECK_FALSE(desk.alerted("recording_stopped_unasked"));
  desk.happens(call_event::RecordingStarted{{"R2"}});
  CHECK(desk.only<call_action::QueueDiscovery>().id.text == "R1");
  desk.happens(call_event::RecordingState{{"R2"}, true, desk.now});
  desk.fires(CallTimer::unasked_stop_alert);

  CHECK(desk.alerted("recording_stopped_unasked"));
  CHECK(desk.state.call.recording_id.text == "R2");
}

TEST_CASE("a recording that went inactive because the call ended raises no alert") {
  Desk desk;
  desk.talk();

  desk.happens(call_event::RecordingState{{"R1"}, false, {}});
  desk.happens(call_event::RecordingStartError{error_of(ErrorKind::not_found, "8522")});
  CHECK_FALSE(desk.alerted("recording_start_failed"));
  desk.happens(call_event::Disconnected{200, 560000, desk.now, {}, {}});

  CHECK_FALSE(desk.armed(CallTimer::unasked_stop_alert));
  CHECK_FALSE(desk.armed(CallTimer::recording_restart));
  CHECK(desk.only<call_action::QueueDiscovery>().id.text == "R1");
}

TEST_CASE("late news of an older recording changes nothing") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::RecordingState{{"R1"}, false, {}});
  desk.happens(call_event::RecordingStarted{{"R2"}});
  desk.happens(call_event::RecordingState{{"R2"}, true, desk.now});

  desk.happens(call_event::RecordingState{{"R1"}, true, desk.now});
  CHECK(desk.actions.empty());
  desk.happens(call_event::RecordingState{{"R1"}, false, {}});

  CHECK(desk.actions.empty());
  CHECK(desk.state.call.recording_phase == RecordingPhase::active);
}

TEST_CASE("a recording said to run already is looked up by the id that is known") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::RecordingState{{"R1"}, false, {}});

  desk.happens(call_event::RecordingStartError{error_of(ErrorKind::conflict, "8553")});
  CHECK(desk.only<call_action::PollRecording>().id.text == "R1");
  desk.happens(call_event::RecordingPolled{{"R1"}, call_event::RecordingPoll::active});

  CHECK(desk.state.call.recording_id.text == "R1");
  CHECK(desk.state.call.recording_phase == RecordingPhase::active);
  CHECK_FALSE(desk.armed(CallTimer::recording_restart));
  CHECK(desk.state.recordings.size() == 1);
}

TEST_CASE("server errors of the recording's poll are no news") {
  Desk desk;
  desk.talk();

  desk.fires(CallTimer::recording_poll);
  desk.happens(call_event::RecordingPolled{{"R1"}, call_event::RecordingPoll::unknown});

  CHECK(desk.actions.empty());
  CHECK(desk.armed(CallTimer::recording_poll));
}

TEST_CASE("an inactive left over from our pause does not replace a resumed recording") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{});
  CHECK(desk.only<call_action::PauseRecording>().id.text == "R1");
  desk.happens(call_event::RecordingPauseDone{{"R1"}, {}});
  CHECK(desk.count<call_action::OpenPause>() == 1);
  desk.now += 20s;
  desk.happens(call_event::ResumeWanted{});
  desk.happens(call_event::RecordingResumeDone{{"R1"}, {}});
  CHECK(desk.count<call_action::ClosePause>() == 1);

  desk.happens(call_event::RecordingState{{"R1"}, false, {}});
  CHECK(desk.count<call_action::StartRecording>() == 0);
  CHECK(desk.count<call_action::PollRecording>() == 1);
  desk.happens(call_event::RecordingPolled{{"R1"}, call_event::RecordingPoll::active});

  CHECK(desk.state.call.recording_phase == RecordingPhase::active);
  CHECK(desk.state.recordings.size() == 1);
}

TEST_CASE("a paused recording is not started again") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{});
  desk.happens(call_event::RecordingState{{"R1"}, false, {}});
  desk.happens(call_event::RecordingPauseDone{{"R1"}, {}});

  desk.fires(CallTimer::recording_poll);
  desk.happens(call_event::RecordingPolled{{"R1"}, call_event::RecordingPoll::inactive});

  CHECK(desk.count<call_action::StartRecording>() == 0);
  CHECK(desk.count<call_action::ResumeRecording>() == 0);
  CHECK(desk.state.call.recording_phase == RecordingPhase::paused);
}

TEST_CASE("a recording the operator stopped stays stopped and is looked for at once") {
  Desk desk;
  desk.talk();

  desk.happens(call_event::StopWanted{});
  CHECK(desk.only<call_action::StopRecording>().id.text == "R1");
  desk.happens(call_event::RecordingStopDone{{"R1"}, {}});
  CHECK(desk.only<call_action::QueueDiscovery>().id.text == "R1");
  desk.happens(call_event::RecordingState{{"R1"}, false, {}});
  CHECK(desk.count<call_action::StartRecording>() == 0);
  desk.happens(call_event::Disconnected{200, 560000, desk.now, {}, {}});

  CHECK(desk.count<call_action::QueueDiscovery>() == 0);
  CHECK(desk.count<call_action::StopRecording>() == 0);
}

TEST_CASE("the end of a call stops its recording and 8522 counts as stopped") {
  Desk desk;
  desk.talk();

  desk.happens(call_event::Disconnected{200, 560000, desk.now, {}, {}});
  CHECK(desk.only<call_action::StopRecording>().id.text == "R1");
  CHECK(desk.only<call_action::QueueDiscovery>().id.text == "R1");
  CHECK(desk.count<call_action::EndBridge>() == 1);
  desk.happens(call_event::RecordingStopDone{{"R1"}, error_of(ErrorKind::not_found, "8522")});

  CHECK(desk.only<call_action::NoteAbsentRecording>().id.text == "R1");
  CHECK(desk.state.recordings.at(0).phase == RecordingPhase::stopped);
  CHECK(std::none_of(desk.timers.begin(), desk.timers.end(),
                     [](const auto& timer) { return timer.has_value(); }));
}

TEST_CASE("a start whose answer comes after the end is stopped and looked for") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});
  desk.happens(call_event::Disconnected{200, 560000, desk.now, {}, {}});

  desk.happens(call_event::RecordingStarted{{"R1"}});

  CHECK(desk.only<call_action::StopRecording>().id.text == "R1");
  CHECK(desk.only<call_action::QueueDiscovery>().id.text == "R1");
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

TEST_CASE("the end of a recording that we did not start makes no recording of ours") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::RecordingState{{"stranger"}, false, {}});
  CHECK(desk.state.recordings.size() == 1);
  CHECK(desk.count<call_action::QueueDiscovery>() == 0);
  CHECK(desk.count<call_action::Warn>() == 1);
  CHECK(desk.state.call.recording_id == RecordingId{"R1"});

  desk.happens(call_event::Disconnected{200, 560000, desk.now, {"conn"}, {"server"}});
  desk.happens(call_event::RecordingState{{"stranger"}, false, {}});
  CHECK(desk.state.recordings.size() == 1);
  CHECK(desk.count<call_action::QueueDiscovery>() == 0);
}

TEST_CASE("the end of a recording whose start was never answered is looked for") {
  Desk desk;
  desk.happens(call_event::Rang{});
  desk.happens(call_event::AnswerAccepted{{"conn"}, {"server"}, {"corr"}});
  desk.happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, desk.now});
  desk.happens(call_event::Disconnected{200, 560000, desk.now, {"conn"}, {"server"}});
  desk.happens(call_event::RecordingState{{"R1"}, false, {}});
  REQUIRE(desk.state.recordings.size() == 1);
  CHECK(desk.count<call_action::QueueDiscovery>() == 1);
}
