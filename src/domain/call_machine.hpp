#pragma once
// What a call does next: a pure function from (what is true, what happened, when) to (what is true
// now, what to do about it). Nothing here waits, sends or stores; `calls` commits the new state and
// then performs the actions, whose outcomes come back as events. Every event may come twice, late,
// early or never: each order has a defined outcome, and what no longer matters is a no-op.

#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/call.hpp"
#include "domain/recording.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace earshot {

inline constexpr std::size_t recording_askers_max = 16;  // in one call; more are refused

struct CallMachineOptions {
  // Call Automation lets a call ring this long; afterwards its context answers nothing.
  Duration ring_window = 30s;
  Duration answer_retry_after = 1s;
  // CallConnected is awaited so long after an accepted answer; then the call is asked for.
  Duration connected_wait = 10s;
  // An answer whose outcome is unknown and that no event followed is given up after this.
  Duration answer_give_up_after = 60s;
  Duration call_length_max = 0s;  // then we hang up; 0 = no limit
  Duration hang_up_wait = 10s;    // for CallDisconnected after our hang-up; then ask, and repeat

  // The state of a call is asked for this often while nothing is wrong.
  Duration call_poll_every = 5min;
  // And with this spacing (doubling to the maximum) while something is.
  Duration call_poll_retry = 2s;
  Duration call_poll_retry_max = 30s;

  Duration recording_poll_every = 30s;
  // Of a recording that was asked for and is not yet known to be active.
  Duration recording_confirm_poll = 1s;
  Duration recording_confirm_poll_retry = 5s;
  // Accepted, and still not active after this: counts as failed.
  Duration recording_confirm_max = 30s;
  // No RecordingStateChanged for so long after the start: callbacks do not reach us.
  Duration recording_state_wait = 10s;
  // Starts after the second are this far apart, doubling to the maximum.
  Duration recording_restart_spacing = 1s;
  Duration recording_restart_spacing_max = 60s;
  int recording_starts_max = 30;  // in one call
  // A start older than this is not repeated under its old request id after a crash.
  Duration recording_start_repeat_max = 5min;
  // ACS ends the recording with the call, and its word on that may overtake CallDisconnected: the
  // alert about a recording that stopped unasked waits this long for the call's end.
  Duration unasked_stop_alert_after = 5s;
  // For so long after a recording became active, or after our pause or resume, an event or a poll
  // may still speak of the time before; "inactive" is then checked by asking once more.
  Duration recording_echo = 10s;
  Duration stop_retry_after = 1s;  // doubling
  int stop_tries_max = 6;

  // A pause that nobody ended is ended after this; 0 = never. A call that waits for its recording
  // notice is not resumed but hung up then.
  Duration pause_max = 5min;
  // With notice_first: an alert when the notice was not played so long after CallConnected.
  Duration notice_alert_after = 1min;

  Duration media_open_wait = 5s;  // after CallConnected
  Duration media_back_wait = 2s;  // for ACS's own reconnect
  Duration media_restart_spacing = 5s;
  Duration media_restart_spacing_max = 30s;

  // How recordings are asked for; copied into their rows.
  RecordingChannels channels = RecordingChannels::mixed;
  RecordingFormat format = RecordingFormat::wav;
  bool byos = true;
  RecordingConsent consent = RecordingConsent::record_first;
};

enum class CallTimer {
  answer_retry,
  connected_due,
  answer_given_up,
  call_poll,
  call_length,
  hang_up_due,
  recording_poll,
  recording_state_due,
  recording_restart,
  unasked_stop_alert,
  stop_retry,
  media_due,
  pause_limit,
  notice_due,
};
inline constexpr int call_timer_kinds = 14;

// Who waits to hear what became of a pause or resume: the assistant's function.
struct RecordingAsker {
  std::string token;
  bool pauses = false;
};

// All that the machine knows of a call: what is stored, and what is under way in this process.
struct CallState {
  Call call;
  std::vector<Recording> recordings;     // oldest first
  std::optional<WallTime> paused_since;  // the open pause of the newest recording

  // Not stored; RestartRecovery makes it anew.
  int answer_tries = 0;
  bool start_in_flight = false;
  bool start_alerted = false;
  bool recovering = false;
  bool gate_open = false;
  bool hang_up_in_flight = false;
  bool stop_in_flight = false;
  bool command_in_flight = false;  // a pause or resume
  bool is_private = false;         // as the bridge was told last: Call::is_private is what holds
  bool notice_alerted = false;
  // A resume that ACS refuses is tried again: nobody is there to ask for it a second time.
  bool must_resume = false;
  // ACS's own word on the newest recording since our last command: active, or not.
  std::optional<bool> told_active;
  std::string command_error;  // of the last pause or resume
  std::vector<RecordingAsker> askers;
  int recording_polls_in_flight = 0;
  // The last of these was sent to find out whether a recording that read inactive really is.
  bool verifying = false;
  int stop_tries = 0;
  int call_polls_failed = 0;
  int media_tries = 0;
  std::optional<WallTime> media_lost_at;
  // The newest recording became active, or was paused or resumed by us.
  std::optional<WallTime> recording_changed_at;
  // The last word that the newest recording was active. After a restart: none, until it is asked
  // for.
  std::optional<WallTime> recording_seen_active_at;

  bool closed() const {
    return call.phase == CallPhase::ended || call.phase == CallPhase::not_answered;
  }
};

// What may happen to a call.
namespace call_event {

enum class Admission { admitted, busy, draining, not_our_number, unknown_resource };
struct Rang {
  Admission admission = Admission::admitted;
};
struct AnswerAccepted {
  CallConnectionId connection_id;
  ServerCallId server_call_id;
  CorrelationId correlation_id;
};
struct AnswerError {
  Error error;
};
struct AnswerRefused {  // AnswerFailed
  int code = 0;
  int sub_code = 0;
};
struct Connected {  // CallConnected
  CallConnectionId connection_id;
  ServerCallId server_call_id;
  CorrelationId correlation_id;
  std::optional<WallTime> at;
};
struct Disconnected {  // CallDisconnected
  int code = 0;
  int sub_code = 0;
  std::optional<WallTime> at;
  CallConnectionId connection_id;
  ServerCallId server_call_id;
};
enum class CallPoll { connecting, connected, disconnecting, gone, unknown };
struct CallPolled {
  CallPoll result = CallPoll::unknown;
  CallConnectionId connection_id;
  ServerCallId server_call_id;
};
struct HangUpDone {
  std::optional<Error> error;
};

struct RecordingStarted {  // the answer to our start, 200 or 202 alike
  RecordingId id;
};
struct RecordingStartError {
  Error error;
};
struct RecordingStartRefused {  // StartRecordingFailed
  RecordingId id;
  int code = 0;
  int sub_code = 0;
};
struct RecordingState {  // RecordingStateChanged
  RecordingId id;
  bool active = false;
  std::optional<WallTime> started_at;
  std::optional<WallTime> at;  // of the event itself
};
enum class RecordingPoll { active, inactive, gone, unknown };
struct RecordingPolled {
  RecordingId id;
  RecordingPoll result = RecordingPoll::unknown;
};
struct RecordingStopDone {
  RecordingId id;
  std::optional<Error> error;
};
struct RecordingPauseDone {
  RecordingId id;
  std::optional<Error> error;
};
struct RecordingResumeDone {
  RecordingId id;
  std::optional<Error> error;
};

struct MediaConnected {};
struct MediaLost {  // the socket ended, or was silent for 30 s
  std::string reason;
};
struct MediaFailed {  // MediaStreamingFailed
  int code = 0;
  int sub_code = 0;
  std::string details;
};
struct MediaStartDone {
  std::optional<Error> error;
};

struct TimerFired {
  CallTimer timer = CallTimer::call_poll;
};
struct HangUpWanted {
  std::string reason;  // "the operator hung up"
};
struct PauseWanted {
  std::string by = "operator";  // for the journal
  std::string asker;            // answered when ACS has confirmed, or it failed; "" = nobody waits
};
struct ResumeWanted {
  std::string by = "operator";
  std::string asker;
};
struct StopWanted {};
// The recording notice was played to its end.
struct NoticePlayed {
  PlayedNotice notice;
};
// The first event of a call that was open when the process started.
struct RestartRecovery {};

}  // namespace call_event

using CallEvent =
    std::variant<call_event::Rang, call_event::AnswerAccepted, call_event::AnswerError,
                 call_event::AnswerRefused, call_event::Connected, call_event::Disconnected,
                 call_event::CallPolled, call_event::HangUpDone, call_event::RecordingStarted,
                 call_event::RecordingStartError, call_event::RecordingStartRefused,
                 call_event::RecordingState, call_event::RecordingPolled,
                 call_event::RecordingStopDone, call_event::RecordingPauseDone,
                 call_event::RecordingResumeDone, call_event::MediaConnected, call_event::MediaLost,
                 call_event::MediaFailed, call_event::MediaStartDone, call_event::TimerFired,
                 call_event::HangUpWanted, call_event::PauseWanted, call_event::ResumeWanted,
                 call_event::StopWanted, call_event::NoticePlayed, call_event::RestartRecovery>;

// What to do, in order, once the new state is stored. Every request to ACS has exactly one outcome
// event.
namespace call_action {

struct Answer {};  // with Call::answer_request_id, the same in every try
struct Reject {};  // busy
// Paused from the start if Call::recording_start_paused.
struct StartRecording {
  bool repeat = false;  // under the request id of the last start: it may have been sent already
};
struct StopRecording {
  RecordingId id;
};
struct PauseRecording {
  RecordingId id;
};
struct ResumeRecording {
  RecordingId id;
};
struct PollRecording {
  RecordingId id;
};
struct PollCall {};
struct StartMediaStreaming {};
struct HangUp {};
struct EndBridge {
  std::string reason;
};
// The first words wait for an open gate (bounded, by the bridge).
struct SetGate {
  bool open = false;
};
// From the wish to pause until ACS has resumed, and before the notice where that comes first, the
// bridge keeps nothing of what is said or keyed.
struct SetPrivate {
  bool on = false;
};
struct AnswerAsker {
  std::string asker;
  bool done = false;
  std::string why_not;
};
struct QueueDiscovery {
  RecordingId id;
};
struct OpenPause {
  RecordingId id;
  WallTime from{};
};
struct ClosePause {
  RecordingId id;
  WallTime from{};
  WallTime to{};
};
struct ArmTimer {  // replaces one of the same kind
  CallTimer timer = CallTimer::call_poll;
  Duration after{0};
};
struct CancelTimer {
  CallTimer timer = CallTimer::call_poll;
};
struct Journal {
  std::string type;
  std::string detail;  // JSON
};
struct RaiseAlert {
  std::string kind;
  RecordingId recording;
  std::string message;
};
struct Warn {
  std::string message;
};
// ACS no longer had a recording that we stopped.
struct NoteAbsentRecording {
  RecordingId id;
};

}  // namespace call_action

using CallAction =
    std::variant<call_action::Answer, call_action::Reject, call_action::StartRecording,
                 call_action::StopRecording, call_action::PauseRecording,
                 call_action::ResumeRecording, call_action::PollRecording, call_action::PollCall,
                 call_action::StartMediaStreaming, call_action::HangUp, call_action::EndBridge,
                 call_action::SetGate, call_action::SetPrivate, call_action::AnswerAsker,
                 call_action::QueueDiscovery, call_action::OpenPause, call_action::ClosePause,
                 call_action::ArmTimer, call_action::CancelTimer, call_action::Journal,
                 call_action::RaiseAlert, call_action::Warn, call_action::NoteAbsentRecording>;

struct Transition {
  CallState next;
  std::vector<CallAction> actions;
};

Transition step(const CallState& state, const CallEvent& event, WallTime now,
                const CallMachineOptions& options);

// "the remote party hung up (200/560000)": ACS's codes in an operator's words.
std::string describe_call_end(int code, int sub_code);
// ACS's sub-code text of "only one recording of a given type in a call".
bool means_already_recording(const Error& error);
// Of a recording: ACS does not have it, so it is not running.
bool means_absent(const Error& error);

}  // namespace earshot
