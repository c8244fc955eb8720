#pragma once
// One step of the call machine while it is being worked out. Split by idea:
// call_machine.cpp (the call), call_machine_recording.cpp and _recording_end.cpp, _consent.cpp,
// _media.cpp.

#include "domain/call_machine.hpp"
#include "domain/journal_text.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace earshot::detail {

class CallStep {
 public:
  CallStep(const CallState& state, WallTime now, const CallMachineOptions& options)
      : state_(state), now_(now), options_(options) {}
  Transition take() {
    follow_privacy();
    answer_askers();
    return {std::move(state_), std::move(actions_)};
  }

  // The call (call_machine.cpp).
  void on(const call_event::Rang& event);
  void on(const call_event::AnswerAccepted& event);
  void on(const call_event::AnswerError& event);
  void on(const call_event::AnswerRefused& event);
  void on(const call_event::Connected& event);
  void on(const call_event::Disconnected& event);
  void on(const call_event::CallPolled& event);
  void on(const call_event::HangUpDone& event);
  void on(const call_event::HangUpWanted& event);
  void on(const call_event::TimerFired& event);
  void on(const call_event::RestartRecovery& event);

  // Its recording (call_machine_recording.cpp).
  void on(const call_event::RecordingStarted& event);
  void on(const call_event::RecordingStartError& event);
  void on(const call_event::RecordingStartRefused& event);
  void on(const call_event::RecordingState& event);
  void on(const call_event::RecordingPolled& event);
  void on(const call_event::RecordingStopDone& event);
  void on(const call_event::RecordingPauseDone& event);
  void on(const call_event::RecordingResumeDone& event);
  void on(const call_event::PauseWanted& event);
  void on(const call_event::ResumeWanted& event);
  void on(const call_event::StopWanted& event);

  // What must come before it (call_machine_consent.cpp).
  void on(const call_event::NoticePlayed& event);

  // Its media path (call_machine_media.cpp).
  void on(const call_event::MediaConnected& event);
  void on(const call_event::MediaLost& event);
  void on(const call_event::MediaFailed& event);
  void on(const call_event::MediaStartDone& event);

 private:
  template <class Action>
  void act(Action action) {
    actions_.push_back(std::move(action));
  }
  void arm(CallTimer timer, Duration after) {
    act(call_action::ArmTimer{timer, std::max(after, Duration{0})});
  }
  void cancel(CallTimer timer) { act(call_action::CancelTimer{timer}); }
  void journal(std::string type, std::initializer_list<JournalField> fields = {});
  void alert(std::string kind, RecordingId recording, std::string message);

  Call& call() { return state_.call; }
  bool connected() const { return state_.call.phase == CallPhase::connected; }
  bool hanging_up() const { return !state_.call.end_reason.empty(); }

  // The call.
  void learn_ids(const CallConnectionId& connection, const ServerCallId& server_call,
                 const CorrelationId& correlation);
  void become_connected(WallTime at);
  // `at`: when it truly ended; nullopt: it has only been found over.
  void learn_how_it_ended(const call_event::Disconnected& event);
  void end_call(std::string reason, int code, int sub_code, std::optional<WallTime> at);
  void not_answered(std::string reason);
  void send_answer();
  void send_hang_up();
  void ask_for_call_later();
  void cancel_timers_of_open_call();
  bool within_ring_window() const;
  void recover_unanswered();
  void recover_connected();

  // The recording.
  Recording* newest();
  Recording* find_recording(const RecordingId& id);
  Recording& add_recording(const RecordingId& id);
  void set_phase(Recording& recording, RecordingPhase phase);
  void set_gate(bool open);
  void start_recording_when_due();
  void send_start(bool repeat);
  void start_failed(const Error& error);
  void look_up_running(const RecordingId& id);
  void again_after(Duration at_least);
  void adopt(const RecordingId& id);
  void became_active(Recording& recording, std::optional<WallTime> at);
  // Ends of recordings take the time at which they ended; nullopt: found over only now.
  void became_inactive(Recording& recording, std::optional<WallTime> at);
  void stopped_unasked(Recording& recording, std::string reason, std::optional<WallTime> at);
  void finish(Recording& recording, RecordingPhase phase, std::string reason,
              std::optional<WallTime> at);
  void set_end(Recording& recording, std::optional<WallTime> at);
  void learn_end(Recording& recording, std::optional<WallTime> at);
  void queue_discovery(Recording& recording);
  void send_stop(Recording& recording);
  void send_pause(Recording& recording);
  void send_resume(Recording& recording);
  void pause_failed(Recording& recording, const Error& error);
  bool must_pause_again(const Recording& recording) const;
  void open_pause(Recording& recording, WallTime from);
  void close_pause(Recording& recording);
  void arm_pause_limit();
  void resume_wanted();
  bool may_start() const;
  bool reads_paused(const Recording& recording) const;
  void started_paused(Recording& recording);
  void expect_notice();
  void notice_due();
  bool is_before_first_recording() const;
  bool wants_privacy() const;
  void follow_privacy();
  void take_asker(const std::string& token, bool pauses);
  void confirm_for_askers(const Recording& recording);
  std::optional<bool> outcome_of(const RecordingAsker& asker) const;
  void answer_askers();
  void end_recordings(std::optional<WallTime> at);
  void check_recording_after_restart();
  void recording_state_after_end(const call_event::RecordingState& event);
  void ignore_stranger();
  void recording_poll_due();
  void recording_state_due();
  void send_poll(const RecordingId& id);
  bool changed_recently() const;
  bool may_have_started_unheard() const;
  void found_inactive(Recording& recording, std::optional<WallTime> at);
  void found_gone(Recording& recording);

  // The media path.
  void media_due();
  void expect_media(Duration within);

  CallState state_;
  std::vector<CallAction> actions_;
  WallTime now_;
  const CallMachineOptions& options_;
};

inline bool is_over(RecordingPhase phase) {
  return phase == RecordingPhase::stopped || phase == RecordingPhase::failed;
}

// Doubles `first` `times` times, up to `most`.
Duration doubled(Duration first, int times, Duration most);

}  // namespace earshot::detail
