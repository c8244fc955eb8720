// A call whose recording waits for its notice: what starts it, and what does not.
#include "domain/testing/call_desk.hpp"

using namespace earshot;
using Desk = testing::CallDesk;
using call_event::RecordingPoll;
using testing::error_of;

namespace {

const PlayedNotice notice{.from = 1s, .to = 4s, .samples = 72'000, .rate_hz = 24'000};

struct NoticeDesk : Desk {
  NoticeDesk() { options.consent = RecordingConsent::notice_first; }
  void connect() {
    happens(call_event::Rang{});
    happens(call_event::AnswerAccepted{{"conn"}, {"server"}, {"corr"}});
    happens(call_event::Connected{{"conn"}, {"server"}, {"corr"}, now});
  }
  // Connected, its recording started paused.
  void wait_for_notice() {
    connect();
    happens(call_event::RecordingStarted{{"R1"}});
    happens(call_event::RecordingState{{"R1"}, false, now, now});
    happens(call_event::MediaConnected{});
    now += 4s;
  }
  void resume() {
    happens(call_event::NoticePlayed{notice});
    happens(call_event::RecordingResumeDone{{"R1"}, {}});
  }
  const Recording& recording() const { return state.recordings.at(0); }
};

}  // namespace

TEST_CASE("a recording whose notice comes first is started paused and resumed by the notice") {
  NoticeDesk desk;
  desk.connect();
  CHECK(desk.count<call_action::StartRecording>() == 1);
  CHECK(desk.state.call.recording_start_paused);
  CHECK(desk.state.call.is_private);
  desk.happens(call_event::RecordingStarted{{"R1"}});
  desk.happens(call_event::RecordingState{{"R1"}, false, desk.now, desk.now});
  CHECK(desk.count<call_action::PollRecording>() == 0);
  CHECK(desk.recording().phase == RecordingPhase::paused);
  CHECK(desk.only<call_action::OpenPause>().from == desk.recording().requested_at);
  CHECK_FALSE(desk.recording().active_at.has_value());
  desk.now += 4s;

  desk.happens(call_event::NoticePlayed{notice});
  CHECK(desk.only<call_action::ResumeRecording>().id.text == "R1");
  CHECK(desk.state.call.notice == notice);
  CHECK(desk.count<call_action::SetPrivate>() == 0);
  CHECK(desk.count<call_action::SetGate>() == 0);
  desk.now += 200ms;
  desk.happens(call_event::RecordingResumeDone{{"R1"}, {}});

  CHECK_FALSE(desk.only<call_action::SetPrivate>().on);
  CHECK(desk.only<call_action::SetGate>().open);
  CHECK(desk.only<call_action::ClosePause>().to == desk.now);
  CHECK(desk.recording().active_at == desk.now);
}

TEST_CASE("without a state event a poll finds the recording paused, and the notice resumes it") {
  NoticeDesk desk;
  desk.connect();
  desk.happens(call_event::RecordingStarted{{"R1"}});
  desk.fires(CallTimer::recording_poll);
  desk.happens(call_event::RecordingPolled{{"R1"}, RecordingPoll::inactive});
  CHECK(desk.recording().phase == RecordingPhase::paused);
  desk.happens(call_event::NoticePlayed{notice});
  CHECK(desk.count<call_action::ResumeRecording>() == 1);
  // The event of it overtakes its answer.
  desk.happens(call_event::RecordingState{{"R1"}, true, desk.now - 5s, desk.now});
  CHECK(desk.only<call_action::SetGate>().open);
  CHECK_FALSE(desk.state.call.is_private);
  CHECK(desk.recording().active_at == desk.now);
}

TEST_CASE("a notice that is played before ACS has answered the start resumes when it has") {
  NoticeDesk desk;
  desk.connect();
  desk.happens(call_event::NoticePlayed{notice});
  CHECK(desk.count<call_action::ResumeRecording>() == 0);
  CHECK(desk.state.call.is_private);
  desk.happens(call_event::RecordingStarted{{"R1"}});
  desk.happens(call_event::RecordingState{{"R1"}, false, desk.now, desk.now});
  CHECK(desk.count<call_action::ResumeRecording>() == 1);
  CHECK(desk.state.call.is_private);
}

TEST_CASE("nobody but the notice resumes what waits for it") {
  NoticeDesk desk;
  desk.wait_for_notice();
  SUBCASE("the operator") { desk.happens(call_event::ResumeWanted{}); }
  SUBCASE("the caller's keys") { desk.happens(call_event::ResumeWanted{"keys", ""}); }
  SUBCASE("a limit") { desk.happens(call_event::TimerFired{CallTimer::pause_limit}); }
  SUBCASE("the assistant's function, which is told why") {
    desk.happens(call_event::ResumeWanted{"assistant", "asker"});
    CHECK(desk.only<call_action::AnswerAsker>().why_not.find("notice") != std::string::npos);
  }
  CHECK(desk.count<call_action::ResumeRecording>() == 0);
  CHECK(desk.state.call.recording_wish == RecordingWish::pause);
  CHECK(desk.state.call.is_private);
  CHECK_FALSE(desk.armed(CallTimer::pause_limit));
}

TEST_CASE("a recording that ACS lets run although it was started paused is paused at once") {
  NoticeDesk desk;
  desk.connect();
  desk.happens(call_event::RecordingStarted{{"R1"}});
  desk.happens(call_event::RecordingState{{"R1"}, true, desk.now, desk.now});
  CHECK(desk.count<call_action::PauseRecording>() == 1);
  CHECK(desk.count<call_action::SetGate>() == 0);
  // And again, when ACS refuses that.
  desk.happens(call_event::RecordingPauseDone{{"R1"}, error_of(ErrorKind::unavailable, "500")});
  CHECK(desk.state.call.recording_wish == RecordingWish::pause);
  desk.fires(CallTimer::recording_poll);
  desk.happens(call_event::RecordingPolled{{"R1"}, RecordingPoll::active});
  CHECK(desk.count<call_action::PauseRecording>() == 1);
}

TEST_CASE("a recording that is lost before its notice is replaced by a paused one, after it not") {
  NoticeDesk desk;
  desk.wait_for_notice();
  SUBCASE("before") {
    desk.fires(CallTimer::recording_poll);
    desk.happens(call_event::RecordingPolled{{"R1"}, RecordingPoll::gone});
    CHECK(desk.count<call_action::StartRecording>() == 1);
    CHECK(desk.state.call.recording_start_paused);
  }
  SUBCASE("after") {
    desk.resume();
    desk.now += 60s;
    desk.happens(call_event::RecordingState{{"R1"}, false, {}, desk.now});
    CHECK(desk.count<call_action::StartRecording>() == 1);
    CHECK_FALSE(desk.state.call.recording_start_paused);
  }
}

TEST_CASE("a resume after the notice that ACS refuses is tried again") {
  NoticeDesk desk;
  desk.wait_for_notice();
  desk.happens(call_event::NoticePlayed{notice});
  desk.happens(call_event::RecordingResumeDone{{"R1"}, error_of(ErrorKind::unavailable, "500")});
  CHECK(desk.state.call.recording_wish == RecordingWish::record);
  desk.fires(CallTimer::recording_poll);
  desk.happens(call_event::RecordingPolled{{"R1"}, RecordingPoll::inactive});
  CHECK(desk.count<call_action::ResumeRecording>() == 1);
  CHECK(desk.state.call.is_private);
}

TEST_CASE("a paused recording whose start was never answered is known by its event") {
  NoticeDesk desk;
  desk.connect();
  desk.happens(call_event::RecordingStartError{error_of(ErrorKind::unavailable, "")});
  desk.happens(call_event::RecordingStartError{error_of(ErrorKind::unavailable, "")});
  CHECK(desk.state.call.recording_phase == RecordingPhase::failed);
  desk.happens(call_event::RecordingState{{"R1"}, false, desk.now, desk.now});
  CHECK(desk.recording().phase == RecordingPhase::paused);
  CHECK(desk.state.call.recording_id.text == "R1");
}

TEST_CASE("a call that ends during its notice leaves a pause and no recording") {
  NoticeDesk desk;
  desk.wait_for_notice();
  desk.happens(call_event::Disconnected{200, 0, desk.now, {"conn"}, {}});
  CHECK(desk.count<call_action::ResumeRecording>() == 0);
  CHECK(desk.only<call_action::ClosePause>().to == desk.now);
  CHECK(desk.count<call_action::RaiseAlert>() == 0);
  CHECK(never_resumed(desk.state.call, desk.recording()));
  CHECK(desk.state.call.awaits_notice());
}

TEST_CASE("a notice that cannot be played raises an alert, and in the end the call is hung up") {
  NoticeDesk desk;
  desk.wait_for_notice();
  desk.fires(CallTimer::notice_due);
  CHECK(desk.alerted("recording_notice_not_played"));
  CHECK(desk.count<call_action::HangUp>() == 0);
  desk.fires(CallTimer::notice_due);
  CHECK(desk.count<call_action::HangUp>() == 1);
  CHECK(desk.state.call.is_private);

  NoticeDesk unlimited;
  unlimited.options.pause_max = 0s;
  unlimited.wait_for_notice();
  unlimited.fires(CallTimer::notice_due);
  CHECK(unlimited.alerted("recording_notice_not_played"));
  CHECK_FALSE(unlimited.armed(CallTimer::notice_due));
}

TEST_CASE("after a restart a call still waits for its notice, and its bridge is told so") {
  NoticeDesk desk;
  desk.wait_for_notice();
  desk.state = CallState{.call = desk.state.call,
                         .recordings = desk.state.recordings,
                         .paused_since = desk.state.paused_since};
  desk.happens(call_event::RestartRecovery{});
  CHECK(desk.only<call_action::SetPrivate>().on);
  desk.happens(call_event::CallPolled{call_event::CallPoll::connected});
  CHECK_FALSE(desk.armed(CallTimer::pause_limit));
  CHECK(desk.count<call_action::PollRecording>() == 1);
  desk.happens(call_event::RecordingPolled{{"R1"}, RecordingPoll::inactive});
  CHECK(desk.count<call_action::ResumeRecording>() == 0);
  desk.resume();
  CHECK(desk.state.call.recording_phase == RecordingPhase::active);
  CHECK_FALSE(desk.state.call.is_private);
}

TEST_CASE("the start of a paused recording is repeated as it was, though the notice was played") {
  NoticeDesk desk;
  desk.connect();
  desk.happens(call_event::NoticePlayed{notice});
  desk.state = CallState{.call = desk.state.call};
  desk.happens(call_event::RestartRecovery{});
  desk.happens(call_event::CallPolled{call_event::CallPoll::connected});
  CHECK(desk.only<call_action::StartRecording>().repeat);
  CHECK(desk.state.call.recording_start_paused);
  desk.happens(call_event::RecordingStarted{{"R1"}});
  desk.happens(call_event::RecordingState{{"R1"}, false, desk.now, desk.now});
  CHECK(desk.count<call_action::ResumeRecording>() == 1);
}

TEST_CASE("a notice in the recording is noted and changes nothing") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::NoticePlayed{notice});
  CHECK(desk.state.call.notice == notice);
  CHECK(desk.count<call_action::Journal>() == 1);
  CHECK(desk.actions.size() == 1);
  desk.happens(call_event::NoticePlayed{{.from = 9s, .to = 12s}});
  CHECK(desk.state.call.notice == notice);
  CHECK(desk.actions.empty());
}

TEST_CASE("a recording that was stopped while it was paused is private after a restart as well") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{});
  desk.happens(call_event::RecordingPauseDone{{"R1"}, {}});
  desk.happens(call_event::StopWanted{});
  desk.happens(call_event::RecordingStopDone{{"R1"}, {}});
  CHECK(desk.state.call.is_private);
  desk.state = CallState{.call = desk.state.call, .recordings = desk.state.recordings};
  desk.happens(call_event::RestartRecovery{});
  CHECK(desk.only<call_action::SetPrivate>().on);
  desk.happens(call_event::CallPolled{call_event::CallPoll::connected});
  CHECK(desk.state.is_private);
  CHECK(desk.state.call.is_private);
}
