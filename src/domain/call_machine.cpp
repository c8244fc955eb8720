#include "domain/call_machine.hpp"

#include "domain/detail/call_step.hpp"

#include <algorithm>
#include <array>

namespace earshot {

Transition step(const CallState& state, const CallEvent& event, WallTime now,
                const CallMachineOptions& options) {
  detail::CallStep working(state, now, options);
  std::visit([&](const auto& happened) { working.on(happened); }, event);
  return working.take();
}

std::string describe_call_end(int code, int sub_code) {
  struct Known {
    int sub_code;
    std::string_view words;
  };
  // From the published list of call end codes; the list is incomplete, so unknown ones are usual.
  static constexpr std::array<Known, 14> known{{
      {560000, "the remote party hung up"},
      {0, "the call was ended on our side"},
      {4521, "a party left abruptly"},
      {5000, "a participant was removed"},
      {5010, "the last participant was alone"},
      {5013, "nobody joined"},
      {7000, "the call was ended by us"},
      {7015, "the call was transferred"},
      {540487, "the caller cancelled"},
      {560486, "the remote party was busy"},
      {10004, "there was no answer in time"},
      {301005, "the media path was lost"},
      {560503, "the carrier failed"},
      {10045, "the service failed"},
  }};
  std::string words = "ACS ended the call";
  for (const auto& entry : known)
    if (entry.sub_code == sub_code && (sub_code != 0 || code == 200))
      words = std::string(entry.words);
  return words + " (" + std::to_string(code) + "/" + std::to_string(sub_code) + ")";
}

bool means_already_recording(const Error& error) {
  return error.code == "8553" || error.code == "8559";
}

bool means_absent(const Error& error) {
  return error.kind == ErrorKind::not_found || error.code == "8522";
}

namespace detail {
namespace {

constexpr const char* pause_limit_reached = "limit";

// Until its CallDisconnected comes after all.
constexpr const char* found_over =
    "ACS no longer knows the call; its CallDisconnected did not arrive";

// The error says that the call is over or was never there, whatever it was that we asked.
bool means_call_over(const Error& error) {
  return error.kind == ErrorKind::not_found || error.code == "8522" || error.code == "8528" ||
         error.code == "8543";
}

}  // namespace

Duration doubled(Duration first, int times, Duration most) {
  Duration spacing = first;
  for (int i = 0; i < times && spacing < most; ++i) spacing *= 2;
  return std::min(spacing, most);
}

void CallStep::journal(std::string type, std::initializer_list<JournalField> fields) {
  act(call_action::Journal{std::move(type), journal_detail(fields)});
}

void CallStep::alert(std::string kind, RecordingId recording, std::string message) {
  journal("alert " + kind, {{"recording", recording.text}});
  act(call_action::RaiseAlert{std::move(kind), std::move(recording), std::move(message)});
}

void CallStep::learn_ids(const CallConnectionId& connection, const ServerCallId& server_call,
                         const CorrelationId& correlation) {
  if (call().connection_id.empty()) call().connection_id = connection;
  if (call().correlation_id.empty()) call().correlation_id = correlation;
  // Legs of one call may show different serverCallIds; the one beside our connection is the one
  // that recording wants, so it replaces what the ring said.
  if (!server_call.empty()) call().server_call_id = server_call;
}

bool CallStep::within_ring_window() const {
  const auto rang_at = state_.call.rang_at.value_or(state_.call.received_at);
  return now_ - rang_at <= options_.ring_window;
}

void CallStep::on(const call_event::Rang& event) {
  if (call().phase != CallPhase::ringing) return;
  call().consent = options_.consent;
  if (call().awaits_notice()) call().recording_wish = RecordingWish::pause;
  if (!within_ring_window()) {
    journal("ring too old");
    return not_answered("the ring was too old to answer when it arrived");
  }
  using enum call_event::Admission;
  switch (event.admission) {
    case admitted:
      return send_answer();
    case busy:
    case draining:
      // Rejected rather than left to ring: the caller hears at once that nobody will answer.
      journal("call rejected", {{"reason", event.admission == busy ? "busy" : "draining"}});
      act(call_action::Reject{});
      return not_answered(event.admission == busy ? "rejected: all calls are taken"
                                                  : "rejected: the service is shutting down");
    case not_our_number:
      journal("call left ringing", {{"reason", "not a number that we answer"}});
      return not_answered("the called number is not among those answered");
    case unknown_resource:
      // No key of ours is its resource's; another resource's must not be tried.
      journal("call left ringing", {{"reason", "its ACS resource is not configured"}});
      alert("resource_unknown", {},
            "a call was not answered because it came in on the ACS resource '" +
                call().resource.substr(1) +
                "', which is not configured: add it to ACS_RESOURCES_FILE, or take its Event Grid "
                "subscription away");
      return not_answered("its ACS resource is not configured");
  }
}

void CallStep::send_answer() {
  call().phase = CallPhase::answering;
  ++state_.answer_tries;
  act(call_action::Answer{});
  if (state_.answer_tries == 1) arm(CallTimer::answer_given_up, options_.answer_give_up_after);
}

void CallStep::on(const call_event::AnswerAccepted& event) {
  if (call().phase == CallPhase::ended) return;
  learn_ids(event.connection_id, event.server_call_id, event.correlation_id);
  if (!call().answered_at) call().answered_at = now_;
  if (call().phase == CallPhase::not_answered && call().end_code == 0) {
    journal("answer accepted after it was given up");
    call().phase = CallPhase::answering;
    call().end_reason.clear();
    call().ended_at.reset();
  }
  if (call().phase != CallPhase::answering) return;
  journal("answer accepted", {{"connection", event.connection_id.text}});
  cancel(CallTimer::answer_retry);
  cancel(CallTimer::answer_given_up);
  arm(CallTimer::connected_due, options_.connected_wait);
  if (hanging_up()) send_hang_up();
}

void CallStep::on(const call_event::AnswerError& event) {
  if (call().phase != CallPhase::answering || call().answered_at) return;
  journal("answer failed", {{"error", event.error.message}});
  if (!worth_retrying(event.error)) {
    alert("answer_failed", {}, "a call could not be answered: " + event.error.message);
    return not_answered("the answer failed");
  }
  // It may have been accepted all the same: CallConnected is still welcome. The same request id
  // makes a second try harmless.
  const auto after =
      std::max<Duration>(doubled(options_.answer_retry_after, state_.answer_tries - 1, 8s),
                         std::chrono::milliseconds(event.error.retry_after_ms));
  const auto rang_at = call().rang_at.value_or(call().received_at);
  if (now_ + after - rang_at <= options_.ring_window) arm(CallTimer::answer_retry, after);
}

void CallStep::on(const call_event::AnswerRefused& event) {
  if (call().phase != CallPhase::answering && call().phase != CallPhase::ringing) return;
  call().end_code = event.code;
  call().end_sub_code = event.sub_code;
  alert("answer_failed", {},
        "ACS could not complete an answer (" + std::to_string(event.code) + "/" +
            std::to_string(event.sub_code) + ")");
  not_answered("ACS could not complete the answer (" + std::to_string(event.code) + "/" +
               std::to_string(event.sub_code) + ")");
}

void CallStep::not_answered(std::string reason) {
  cancel_timers_of_open_call();
  call().phase = CallPhase::not_answered;
  if (call().end_reason.empty()) call().end_reason = std::move(reason);
  call().ended_at = now_;
  act(call_action::EndBridge{call().end_reason});
}

void CallStep::on(const call_event::Connected& event) {
  learn_ids(event.connection_id, event.server_call_id, event.correlation_id);
  if (call().phase == CallPhase::connected) return;
  if (call().phase == CallPhase::ended) {  // overtaken by CallDisconnected
    if (!call().connected_at && event.at) call().connected_at = event.at;
    return;
  }
  // Also from not_answered: an answer that seemed to fail had been accepted after all.
  if (call().phase == CallPhase::not_answered) {
    journal("call connected after it was given up", {{"reason", call().end_reason}});
    call().end_reason.clear();
    call().ended_at.reset();
  }
  become_connected(event.at.value_or(now_));
}

void CallStep::become_connected(WallTime at) {
  call().phase = CallPhase::connected;
  call().connected_at = at;
  if (!call().answered_at) call().answered_at = at;
  cancel(CallTimer::answer_retry);
  cancel(CallTimer::answer_given_up);
  cancel(CallTimer::connected_due);
  state_.call_polls_failed = 0;
  if (hanging_up()) return send_hang_up();

  if (call().recording_phase == RecordingPhase::none) start_recording_when_due();
  expect_notice();
  if (!call().media_connected) expect_media(options_.media_open_wait);
  arm(CallTimer::call_poll, options_.call_poll_every);
  if (options_.call_length_max > Duration{0})
    arm(CallTimer::call_length, options_.call_length_max - (now_ - at));
}

void CallStep::on(const call_event::Disconnected& event) {
  learn_ids(event.connection_id, event.server_call_id, {});
  if (state_.closed()) {
    // It was found over before it was told: what ended with it ended then.
    if (auto* recording = newest()) learn_end(*recording, event.at);
    learn_how_it_ended(event);
    return;
  }
  end_call(describe_call_end(event.code, event.sub_code), event.code, event.sub_code,
           event.at.value_or(now_));
}

void CallStep::learn_how_it_ended(const call_event::Disconnected& event) {
  // ACS's codes are never 0, so a call that has one was told of before.
  if (call().phase != CallPhase::ended || call().end_code != 0) return;
  if (call().end_reason == found_over)
    call().end_reason = describe_call_end(event.code, event.sub_code);
  call().end_code = event.code;
  call().end_sub_code = event.sub_code;
  if (event.at && event.at >= call().connected_at && event.at <= call().ended_at)
    call().ended_at = event.at;
}

void CallStep::end_call(std::string reason, int code, int sub_code, std::optional<WallTime> at) {
  cancel_timers_of_open_call();
  // What we had asked for stays the reason.
  if (call().end_reason.empty()) call().end_reason = std::move(reason);
  call().end_code = code;
  call().end_sub_code = sub_code;
  call().ended_at = at.value_or(now_);
  call().phase = CallPhase::ended;
  call().media_connected = false;
  journal("call ended", {{"reason", call().end_reason}});
  end_recordings(at);
  act(call_action::EndBridge{call().end_reason});
}

void CallStep::cancel_timers_of_open_call() {
  for (const auto timer :
       {CallTimer::answer_retry, CallTimer::connected_due, CallTimer::answer_given_up,
        CallTimer::call_poll, CallTimer::call_length, CallTimer::hang_up_due,
        CallTimer::recording_poll, CallTimer::recording_state_due, CallTimer::recording_restart,
        CallTimer::unasked_stop_alert, CallTimer::media_due, CallTimer::pause_limit,
        CallTimer::notice_due})
    cancel(timer);
}

void CallStep::ask_for_call_later() {
  const auto after =
      doubled(options_.call_poll_retry, state_.call_polls_failed, options_.call_poll_retry_max);
  ++state_.call_polls_failed;
  arm(CallTimer::call_poll, after);
}

void CallStep::on(const call_event::CallPolled& event) {
  if (state_.closed()) return;
  learn_ids(event.connection_id, event.server_call_id, {});
  using call_event::CallPoll;
  switch (event.result) {
    case CallPoll::gone:
      if (!call().connected_at && !call().answered_at)
        return not_answered("ACS does not know the call");
      return end_call(found_over, 0, 0, std::nullopt);
    case CallPoll::connecting:
    case CallPoll::disconnecting:
    case CallPoll::unknown:
      ask_for_call_later();
      break;
    case CallPoll::connected:
      state_.call_polls_failed = 0;
      if (call().phase != CallPhase::connected) {
        journal("call found connected", {{"missing", "CallConnected"}});
        become_connected(now_);
      }
      arm(CallTimer::call_poll, options_.call_poll_every);
      if (hanging_up() && !state_.hang_up_in_flight) send_hang_up();
      break;
  }
  if (state_.recovering && connected()) check_recording_after_restart();
}

void CallStep::on(const call_event::HangUpWanted& event) {
  if (state_.closed() || hanging_up()) return;
  call().end_reason = event.reason.empty() ? "hung up by us" : event.reason;
  journal("hang-up asked for", {{"reason", call().end_reason}});
  if (!call().connection_id.empty()) send_hang_up();
}

void CallStep::send_hang_up() {
  if (state_.hang_up_in_flight) return;
  state_.hang_up_in_flight = true;
  cancel(CallTimer::media_due);
  cancel(CallTimer::recording_restart);
  act(call_action::HangUp{});
  arm(CallTimer::hang_up_due, options_.hang_up_wait);
}

void CallStep::on(const call_event::HangUpDone& event) {
  state_.hang_up_in_flight = false;
  if (state_.closed() || !event.error) return;
  if (means_call_over(*event.error)) return end_call(found_over, 0, 0, std::nullopt);
  journal("hang-up failed", {{"error", event.error->message}});
}

void CallStep::on(const call_event::TimerFired& event) {
  if (event.timer == CallTimer::stop_retry) {  // the one that outlives the call
    if (auto* recording = newest(); recording && recording->phase == RecordingPhase::stopping)
      send_stop(*recording);
    return;
  }
  if (state_.closed()) return;
  switch (event.timer) {
    case CallTimer::answer_retry:
      if (call().phase == CallPhase::answering && !call().answered_at && within_ring_window())
        send_answer();
      return;
    case CallTimer::answer_given_up:
      if (call().phase == CallPhase::answering && !call().answered_at)
        not_answered("no answer of ours was accepted");
      return;
    case CallTimer::connected_due:
    case CallTimer::call_poll:
      return act(call_action::PollCall{});
    case CallTimer::call_length:
      return on(call_event::HangUpWanted{"the longest allowed call was reached"});
    case CallTimer::hang_up_due:
      act(call_action::PollCall{});
      return arm(CallTimer::hang_up_due, options_.hang_up_wait);
    case CallTimer::recording_poll:
      return recording_poll_due();
    case CallTimer::recording_state_due:
      return recording_state_due();
    case CallTimer::recording_restart:
      if (connected()) send_start(false);
      return;
    case CallTimer::unasked_stop_alert:
      return alert("recording_stopped_unasked", call().recording_id,
                   "a recording stopped while its call goes on; another was asked for");
    case CallTimer::media_due:
      return media_due();
    case CallTimer::pause_limit:
      return on(call_event::ResumeWanted{pause_limit_reached});
    case CallTimer::notice_due:
      return notice_due();
    case CallTimer::stop_retry:
      return;
  }
}

void CallStep::on(const call_event::RestartRecovery&) {
  if (state_.closed()) return;
  journal("service restarted");
  call().media_connected = false;
  if (connected()) return recover_connected();
  recover_unanswered();
}

void CallStep::recover_unanswered() {
  if (call().answered_at) {
    arm(CallTimer::connected_due, Duration{0});
    return;
  }
  if (!within_ring_window()) return not_answered("the service restarted while the call rang");
  arm(CallTimer::answer_given_up, options_.answer_give_up_after);
  send_answer();
}

void CallStep::recover_connected() {
  state_.recovering = true;
  act(call_action::PollCall{});
  arm(CallTimer::call_poll, options_.call_poll_retry_max);
  if (!hanging_up()) expect_media(options_.media_back_wait);
  expect_notice();
  if (options_.call_length_max > Duration{0})
    arm(CallTimer::call_length,
        options_.call_length_max - (now_ - call().connected_at.value_or(now_)));
}

}  // namespace detail
}  // namespace earshot
