// The recordings of a call: started, replaced, paused, stopped.
#include "domain/testing/call_desk.hpp"

using namespace earshot;
using Desk = testing::CallDesk;
using testing::error_of;

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

  CHECK(desk.only<call_action::RaiseAlert>().kind == "recording_state_event_missing");
  CHECK(desk.only<call_action::RaiseAlert>().message.find("/api/callbacks") != std::string::npos);
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

TEST_CASE("from the wish to pause until ACS has resumed nothing may be kept") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{});
  CHECK(desk.only<call_action::SetPrivate>().on);
  desk.happens(call_event::RecordingPauseDone{{"R1"}, {}});
  CHECK(desk.count<call_action::SetPrivate>() == 0);
  desk.now += 20s;
  desk.happens(call_event::ResumeWanted{});
  CHECK(desk.count<call_action::SetPrivate>() == 0);
  desk.happens(call_event::RecordingResumeDone{{"R1"}, {}});
  CHECK_FALSE(desk.only<call_action::SetPrivate>().on);
}

TEST_CASE("a pause that ACS refuses ends the time of which nothing may be kept") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{});
  desk.happens(call_event::RecordingPauseDone{{"R1"}, error_of(ErrorKind::conflict, "8573")});
  CHECK_FALSE(desk.only<call_action::SetPrivate>().on);
  CHECK_FALSE(desk.armed(CallTimer::pause_limit));
  // Somebody relies on it.
  CHECK(desk.alerted("recording_pause_failed"));
}

TEST_CASE("a pause that ACS is too busy for stands, is tried again, and somebody hears of it") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{"assistant", "f1"});
  for (int i = 0; i < 3; ++i) {
    desk.now += 25s;
    desk.happens(call_event::RecordingPauseDone{{"R1"}, error_of(ErrorKind::unavailable, "429")});
    CHECK(desk.alerted("recording_pause_failed"));
    CHECK(desk.count<call_action::SetPrivate>() == 0);
    CHECK(desk.count<call_action::SetGate>() == 0);
    CHECK(desk.count<call_action::AnswerAsker>() == 0);
    CHECK(desk.state.is_private);
    CHECK(desk.armed(CallTimer::pause_limit));
    desk.fires(CallTimer::recording_poll);
    CHECK(desk.only<call_action::PauseRecording>().id.text == "R1");
    desk.happens(call_event::RecordingPolled{{"R1"}, call_event::RecordingPoll::active});
    CHECK(desk.count<call_action::PauseRecording>() == 0);
  }
  SUBCASE("it succeeds") {
    desk.happens(call_event::RecordingPauseDone{{"R1"}, {}});
    CHECK(desk.state.call.recording_phase == RecordingPhase::paused);
    desk.happens(call_event::RecordingPolled{{"R1"}, call_event::RecordingPoll::inactive});
    CHECK(desk.only<call_action::AnswerAsker>().done);
    CHECK(desk.state.is_private);
  }
  SUBCASE("its limit comes first") {
    desk.happens(call_event::RecordingPauseDone{{"R1"}, error_of(ErrorKind::unavailable, "429")});
    desk.fires(CallTimer::pause_limit);
    CHECK_FALSE(desk.only<call_action::SetPrivate>().on);
    CHECK_FALSE(desk.only<call_action::AnswerAsker>().done);
    desk.fires(CallTimer::recording_poll);
    CHECK(desk.count<call_action::PauseRecording>() == 0);
  }
  SUBCASE("it is taken back while it is still tried") {
    desk.happens(call_event::ResumeWanted{});
    CHECK_FALSE(desk.state.is_private);
    desk.happens(call_event::RecordingPauseDone{{"R1"}, error_of(ErrorKind::unavailable, "429")});
    CHECK_FALSE(desk.alerted("recording_pause_failed"));
    CHECK(desk.count<call_action::SetGate>() == 1);
  }
}

TEST_CASE("a recording that is stopped while it is paused lets nothing be kept afterwards") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{});
  desk.happens(call_event::RecordingPauseDone{{"R1"}, {}});
  desk.happens(call_event::StopWanted{});
  CHECK(desk.count<call_action::SetPrivate>() == 0);
  CHECK(desk.state.is_private);
  CHECK_FALSE(desk.armed(CallTimer::pause_limit));
}

TEST_CASE("a pause that nobody ends is ended by its limit, and again when ACS refuses") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{});
  desk.happens(call_event::RecordingPauseDone{{"R1"}, {}});
  const auto paused_at = desk.now;
  desk.fires(CallTimer::pause_limit);
  CHECK(desk.now - paused_at == desk.options.pause_max);
  CHECK(desk.only<call_action::ResumeRecording>().id.text == "R1");
  desk.happens(call_event::RecordingResumeDone{{"R1"}, error_of(ErrorKind::unavailable, "500")});
  CHECK(desk.state.call.recording_wish == RecordingWish::record);
  CHECK(desk.state.is_private);
  desk.fires(CallTimer::recording_poll);
  desk.happens(call_event::RecordingPolled{{"R1"}, call_event::RecordingPoll::inactive});
  CHECK(desk.only<call_action::ResumeRecording>().id.text == "R1");
  desk.happens(call_event::RecordingResumeDone{{"R1"}, {}});
  CHECK(desk.state.call.recording_phase == RecordingPhase::active);
  CHECK_FALSE(desk.state.is_private);
}

TEST_CASE("a resume that an operator asked for and ACS refuses is left to him, within the limit") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{});
  desk.happens(call_event::RecordingPauseDone{{"R1"}, {}});
  desk.now += 20s;
  desk.happens(call_event::ResumeWanted{});
  CHECK_FALSE(desk.armed(CallTimer::pause_limit));
  desk.happens(call_event::RecordingResumeDone{{"R1"}, error_of(ErrorKind::conflict, "8573")});
  CHECK(desk.state.call.recording_wish == RecordingWish::pause);
  CHECK(desk.armed(CallTimer::pause_limit));
}

TEST_CASE("a restart in a pause keeps its limit") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{});
  desk.happens(call_event::RecordingPauseDone{{"R1"}, {}});
  CallState stored{.call = desk.state.call,
                   .recordings = desk.state.recordings,
                   .paused_since = desk.state.paused_since};
  desk.state = stored;
  desk.timers = {};
  desk.now += 100s;
  desk.happens(call_event::RestartRecovery{});
  CHECK(desk.only<call_action::SetPrivate>().on);
  desk.happens(call_event::CallPolled{call_event::CallPoll::connected, {"conn"}, {"server"}});
  REQUIRE(desk.armed(CallTimer::pause_limit));
  CHECK(*desk.timers[static_cast<std::size_t>(CallTimer::pause_limit)] ==
        desk.now + desk.options.pause_max - 100s);
}

TEST_CASE("who asked for a pause is answered when ACS says that the recording is inactive") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{"assistant", "call_1"});
  CHECK(desk.count<call_action::AnswerAsker>() == 0);
  desk.happens(call_event::RecordingPauseDone{{"R1"}, {}});
  CHECK(desk.count<call_action::AnswerAsker>() == 0);  // accepted, and asked for
  CHECK(desk.count<call_action::PollRecording>() == 1);
  desk.happens(call_event::RecordingPolled{{"R1"}, call_event::RecordingPoll::inactive});
  CHECK(desk.only<call_action::AnswerAsker>().done);

  desk.happens(call_event::ResumeWanted{"assistant", "call_2"});
  desk.happens(call_event::RecordingResumeDone{{"R1"}, {}});
  CHECK(desk.count<call_action::AnswerAsker>() == 0);
  desk.happens(call_event::RecordingState{{"R1"}, true, desk.now, desk.now});
  CHECK(desk.only<call_action::AnswerAsker>().asker == "call_2");
  CHECK(desk.only<call_action::AnswerAsker>().done);
}

TEST_CASE("who asked for a pause that ACS refuses hears why") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::PauseWanted{"assistant", "call_1"});
  desk.happens(call_event::RecordingPauseDone{{"R1"}, error_of(ErrorKind::conflict, "8573")});
  CHECK_FALSE(desk.only<call_action::AnswerAsker>().done);
  CHECK(desk.only<call_action::AnswerAsker>().why_not == "ACS answered 8573");
}

TEST_CASE("who asks for a pause at a wrong time hears so at once") {
  Desk desk;
  desk.talk();
  desk.happens(call_event::StopWanted{});
  desk.happens(call_event::PauseWanted{"assistant", "call_1"});
  CHECK_FALSE(desk.only<call_action::AnswerAsker>().done);
}
