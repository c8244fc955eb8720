// How a recording ends, by itself or with its call, and what the operator may do to it.

#include "domain/detail/call_step.hpp"

#include <algorithm>

namespace earshot::detail {

// Ending.

void CallStep::finish(Recording& recording, RecordingPhase phase, std::string reason,
                      std::optional<WallTime> at) {
  if (recording.id == call().recording_id) close_pause(recording);
  set_phase(recording, phase);
  if (!recording.ended_at) set_end(recording, at);
  if (recording.end_reason.empty()) recording.end_reason = std::move(reason);
}

void CallStep::set_end(Recording& recording, std::optional<WallTime> at) {
  recording.ended_at = at.value_or(now_);
  if (at) return recording.ended_after.reset();
  WallTime after = recording.active_at.value_or(recording.requested_at);
  if (recording.id == call().recording_id && state_.recording_seen_active_at)
    after = std::max(after, *state_.recording_seen_active_at);
  recording.ended_after = std::min(after, *recording.ended_at);
}

// The true time of an end that was found late, if it is a possible one.
void CallStep::learn_end(Recording& recording, std::optional<WallTime> at) {
  if (!at || !recording.ended_after || !recording.ended_at) return;
  if (*at < *recording.ended_after || *at > *recording.ended_at) return;
  set_end(recording, at);
}

void CallStep::queue_discovery(Recording& recording) {
  if (recording.discovery != Discovery::not_started) return;
  recording.discovery = Discovery::searching;
  act(call_action::QueueDiscovery{recording.id});
}

void CallStep::send_stop(Recording& recording) {
  if (state_.stop_in_flight) return;
  set_phase(recording, RecordingPhase::stopping);
  state_.stop_in_flight = true;
  ++state_.stop_tries;
  act(call_action::StopRecording{recording.id});
}

void CallStep::on(const call_event::RecordingStopDone& event) {
  state_.stop_in_flight = false;
  auto* recording = find_recording(event.id);
  if (!recording) return;
  if (event.error && means_absent(*event.error)) act(call_action::NoteAbsentRecording{event.id});
  const bool stopped = !event.error || means_absent(*event.error);
  if (!stopped && recording->phase == RecordingPhase::stopping) {
    journal("recording stop failed",
            {{"recording", event.id.text}, {"error", event.error->message}});
    if (worth_retrying(*event.error) && state_.stop_tries < options_.stop_tries_max)
      return arm(CallTimer::stop_retry, doubled(options_.stop_retry_after, state_.stop_tries - 1,
                                                options_.call_poll_retry_max));
    // While the call lasts the poll goes on and tells whether another stop is needed. Afterwards
    // ACS ends the recording with its call, whatever became of our request.
    if (connected()) return arm(CallTimer::recording_poll, options_.recording_poll_every);
  }
  state_.stop_tries = 0;
  if (is_over(recording->phase)) return;
  // ACS obeyed: it ran until now. It no longer had it, or never answered: who knows since when.
  finish(*recording, RecordingPhase::stopped,
         call().phase == CallPhase::ended ? "the call ended" : "stopped by us",
         event.error ? std::nullopt : std::optional(now_));
  journal("recording stopped", {{"recording", event.id.text}});
  queue_discovery(*recording);
}

void CallStep::end_recordings(std::optional<WallTime> at) {
  state_.gate_open = false;
  if (auto* recording = newest(); recording && !is_over(recording->phase)) {
    close_pause(*recording);
    set_end(*recording, at);
    if (recording->end_reason.empty()) recording->end_reason = "the call ended";
    send_stop(*recording);
    set_phase(*recording, RecordingPhase::stopping);
  } else if (!recording && call().recording_phase == RecordingPhase::starting &&
             !state_.start_in_flight) {
    call().recording_phase = RecordingPhase::failed;
  }
  for (auto& recording : state_.recordings) queue_discovery(recording);
}

// Pause, resume, stop: the operator's.

void CallStep::on(const call_event::PauseWanted& event) {
  take_asker(event.asker, true);
  if (state_.closed() || hanging_up() || call().recording_wish != RecordingWish::record) return;
  call().recording_wish = RecordingWish::pause;
  state_.must_resume = false;
  journal("pause asked for", {{"by", event.by}});
  set_gate(false);
  arm_pause_limit();
  cancel(CallTimer::recording_restart);
  // One that is still starting is paused when it becomes active.
  if (auto* recording = newest(); recording && recording->phase == RecordingPhase::active)
    send_pause(*recording);
}

void CallStep::send_pause(Recording& recording) {
  if (state_.command_in_flight) return;
  state_.command_in_flight = true;
  state_.recording_changed_at = now_;
  state_.told_active.reset();
  state_.command_error.clear();
  act(call_action::PauseRecording{recording.id});
}

void CallStep::open_pause(Recording& recording, WallTime from) {
  if (state_.paused_since) return;
  state_.paused_since = from;
  act(call_action::OpenPause{recording.id, *state_.paused_since});
}

void CallStep::close_pause(Recording& recording) {
  if (!state_.paused_since) return;
  act(call_action::ClosePause{recording.id, *state_.paused_since, now_});
  state_.paused_since.reset();
}

void CallStep::on(const call_event::RecordingPauseDone& event) {
  state_.command_in_flight = false;
  auto* recording = newest();
  if (state_.closed() || !recording || recording->id != event.id || is_over(recording->phase))
    return;
  if (event.error) {
    journal("pause failed", {{"error", event.error->message}});
    state_.command_error = event.error->message;
    if (means_absent(*event.error)) return found_gone(*recording);
    // Without the notice it must not record: asked of it again.
    if (call().awaits_notice())
      return arm(CallTimer::recording_poll, options_.recording_confirm_poll);
    if (call().recording_wish == RecordingWish::pause && recording->phase == RecordingPhase::active)
      pause_failed(*recording, *event.error);
    if (recording->phase == RecordingPhase::active &&
        call().recording_wish == RecordingWish::record)
      set_gate(true);
    return;
  }
  if (recording->phase == RecordingPhase::active) {
    set_phase(*recording, RecordingPhase::paused);
    open_pause(*recording, state_.recording_changed_at.value_or(now_));
    journal("recording paused", {{"recording", event.id.text}});
  }
  confirm_for_askers(*recording);
  if (call().recording_wish == RecordingWish::record &&
      recording->phase == RecordingPhase::paused)  // resumed before the pause was answered
    send_resume(*recording);
}

// What is said is not kept by us, but ACS records it: a person must hear of that. As long as ACS
// may still be persuaded the wish stands; privacy that ended by itself would keep a card's number
// twice.
void CallStep::pause_failed(Recording& recording, const Error& error) {
  if (worth_retrying(error)) {
    alert("recording_pause_failed", recording.id,
          "ACS does not pause a recording that must be paused, and records on meanwhile; it is "
          "asked again until the pause is ended: " +
              error.message);
    return arm(CallTimer::recording_poll, options_.recording_confirm_poll_retry);
  }
  call().recording_wish = RecordingWish::record;
  cancel(CallTimer::pause_limit);
  alert("recording_pause_failed", recording.id,
        "ACS refused to pause a recording, so that it goes on, and so does everything else that is "
        "kept: " +
            error.message);
}

bool CallStep::must_pause_again(const Recording& recording) const {
  return recording.phase == RecordingPhase::active && !state_.command_error.empty() &&
         state_.call.recording_wish == RecordingWish::pause && !state_.call.awaits_notice();
}

void CallStep::on(const call_event::ResumeWanted& event) {
  take_asker(event.asker, false);
  if (state_.closed() || hanging_up() || call().recording_wish != RecordingWish::pause) return;
  if (call().awaits_notice())
    return journal("resume refused", {{"by", event.by}, {"reason", "the notice was not played"}});
  journal("resume asked for", {{"by", event.by}});
  state_.must_resume = event.by == "limit";
  resume_wanted();
}

void CallStep::resume_wanted() {
  call().recording_wish = RecordingWish::record;
  cancel(CallTimer::pause_limit);
  auto* recording = newest();
  if (!recording || is_over(recording->phase)) {
    if (!state_.start_in_flight) start_recording_when_due();  // it was lost while paused
    return;
  }
  if (recording->phase == RecordingPhase::active && !state_.command_in_flight) set_gate(true);
  if (recording->phase == RecordingPhase::paused) send_resume(*recording);
}

void CallStep::send_resume(Recording& recording) {
  if (state_.command_in_flight) return;
  state_.command_in_flight = true;
  state_.recording_changed_at = now_;
  state_.told_active.reset();
  state_.command_error.clear();
  act(call_action::ResumeRecording{recording.id});
}

void CallStep::on(const call_event::RecordingResumeDone& event) {
  state_.command_in_flight = false;
  auto* recording = newest();
  if (state_.closed() || !recording || recording->id != event.id ||
      recording->phase != RecordingPhase::paused)
    return;
  if (event.error) {
    journal("resume failed", {{"error", event.error->message}});
    state_.command_error = event.error->message;
    if (means_absent(*event.error)) return found_gone(*recording);
    if (call().recording_wish != RecordingWish::record) return;
    // The poll finds it inactive where it should record, and resumes it.
    if (state_.must_resume || never_resumed(call(), *recording))
      return arm(CallTimer::recording_poll, options_.recording_confirm_poll_retry);
    call().recording_wish = RecordingWish::pause;
    return arm_pause_limit();
  }
  if (call().recording_wish == RecordingWish::stop) return;
  state_.must_resume = false;
  close_pause(*recording);
  set_phase(*recording, RecordingPhase::active);
  if (!recording->active_at) recording->active_at = now_;
  state_.recording_changed_at = state_.recording_seen_active_at = now_;
  journal("recording resumed", {{"recording", event.id.text}});
  confirm_for_askers(*recording);
  if (call().recording_wish == RecordingWish::pause) return send_pause(*recording);
  set_gate(true);
}

void CallStep::arm_pause_limit() {
  if (options_.pause_max <= Duration{0}) return;
  arm(CallTimer::pause_limit, options_.pause_max - (now_ - state_.paused_since.value_or(now_)));
}

// From the wish to pause, before ACS has heard of it, until ACS has said that it records again. A
// recording that is stopped while it is paused is not resumed by that.
bool CallStep::wants_privacy() const {
  const Call& call = state_.call;
  if (state_.closed()) return call.is_private;
  switch (call.recording_wish) {
    case RecordingWish::record:
      return call.recording_phase == RecordingPhase::paused || is_before_first_recording();
    case RecordingWish::pause:
      return true;
    case RecordingWish::stop:
      return call.is_private;
  }
  return true;
}

void CallStep::follow_privacy() {
  const bool wanted = wants_privacy();
  call().is_private = wanted;
  if (wanted == state_.is_private) return;
  state_.is_private = wanted;
  act(call_action::SetPrivate{wanted});
}

// Who waits for ACS's confirmation.

void CallStep::take_asker(const std::string& token, bool pauses) {
  if (token.empty()) return;
  if (state_.askers.size() >= recording_askers_max)
    return act(call_action::AnswerAsker{token, false, "too many requests"});
  state_.askers.push_back({token, pauses});
  if (auto* recording = newest(); recording && !is_over(recording->phase))
    confirm_for_askers(*recording);
}

// That a command was accepted (202) is not yet its effect: ACS is asked, unless it has told.
void CallStep::confirm_for_askers(const Recording& recording) {
  if (state_.askers.empty() || state_.command_in_flight || state_.told_active) return;
  if (recording.phase != RecordingPhase::paused && recording.phase != RecordingPhase::active)
    return;
  send_poll(recording.id);
  arm(CallTimer::recording_poll, options_.recording_confirm_poll);
}

std::optional<bool> CallStep::outcome_of(const RecordingAsker& asker) const {
  const auto& call = state_.call;
  if (state_.closed() || !call.end_reason.empty()) return false;
  if (call.recording_wish != (asker.pauses ? RecordingWish::pause : RecordingWish::record))
    return false;
  const auto wanted = asker.pauses ? RecordingPhase::paused : RecordingPhase::active;
  if (call.recording_phase == wanted && state_.told_active == !asker.pauses) return true;
  return std::nullopt;
}

void CallStep::answer_askers() {
  std::erase_if(state_.askers, [this](const RecordingAsker& asker) {
    const auto outcome = outcome_of(asker);
    if (!outcome) return false;
    std::string why;
    if (!*outcome && call().awaits_notice())
      why = "the recording notice has not been played";
    else if (!*outcome)
      why = state_.command_error.empty() ? "not now" : state_.command_error;
    act(call_action::AnswerAsker{asker.token, *outcome, why});
    return true;
  });
}

void CallStep::on(const call_event::StopWanted&) {
  if (state_.closed() || call().recording_wish == RecordingWish::stop) return;
  call().recording_wish = RecordingWish::stop;
  journal("stop asked for");
  set_gate(false);
  cancel(CallTimer::pause_limit);
  cancel(CallTimer::recording_restart);
  auto* recording = newest();
  if (recording && !is_over(recording->phase)) return send_stop(*recording);
  if (!state_.start_in_flight) call().recording_phase = RecordingPhase::stopped;
  for (auto& over : state_.recordings) queue_discovery(over);
}

}  // namespace earshot::detail
