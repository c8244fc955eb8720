// The call machine's recording: while the call lasts and nobody asked otherwise, one is running.
// How it is paused and ended: call_machine_recording_end.cpp.

#include "domain/detail/call_step.hpp"

#include <algorithm>

namespace earshot::detail {

Recording* CallStep::find_recording(const RecordingId& id) {
  if (id.empty()) return nullptr;
  for (auto& recording : state_.recordings)
    if (recording.id == id) return &recording;
  return nullptr;
}

Recording* CallStep::newest() { return find_recording(call().recording_id); }

Recording& CallStep::add_recording(const RecordingId& id) {
  state_.recordings.push_back(
      Recording{.id = id,
                .call = call().id,
                .phase = RecordingPhase::starting,
                .channels = options_.channels,
                .format = options_.format,
                .byos = options_.byos,
                .requested_at = call().recording_start_first_sent.value_or(now_)});
  return state_.recordings.back();
}

void CallStep::set_phase(Recording& recording, RecordingPhase phase) {
  recording.phase = phase;
  if (recording.id == call().recording_id) call().recording_phase = phase;
}

void CallStep::set_gate(bool open) {
  if (state_.gate_open == open) return;
  state_.gate_open = open;
  act(call_action::SetGate{open});
}

bool CallStep::changed_recently() const {
  return state_.recording_changed_at &&
         now_ - *state_.recording_changed_at < options_.recording_echo;
}

// Starting.

void CallStep::start_recording_when_due() { again_after(Duration{0}); }

void CallStep::again_after(Duration at_least) {
  if (!connected() || hanging_up() || state_.start_in_flight || !may_start()) return;
  // The first start and the first restart go at once; more of them leave room between each other,
  // counted from the last, so that a recording that ran for an hour is replaced at once as well.
  Duration wait = at_least;
  if (call().recording_starts > 1 && call().recording_start_first_sent) {
    const auto spacing = doubled(options_.recording_restart_spacing, call().recording_starts - 2,
                                 options_.recording_restart_spacing_max);
    wait = std::max(wait, spacing - (now_ - *call().recording_start_first_sent));
  }
  if (wait <= Duration{0}) return send_start(false);
  arm(CallTimer::recording_restart, wait);
}

void CallStep::send_start(bool repeat) {
  if (!connected() || hanging_up() || state_.start_in_flight || !may_start()) return;
  if (auto* running = newest(); running && !is_over(running->phase)) return;
  if (!repeat) {
    if (call().recording_starts >= options_.recording_starts_max) {
      call().recording_phase = RecordingPhase::failed;
      return alert("recording_given_up", {},
                   "a call goes on unrecorded: its recording was started too many times");
    }
    ++call().recording_starts;
    call().recording_start_first_sent = now_;
    call().recording_start_paused = call().awaits_notice();
  }
  call().recording_id = {};  // the next id that ACS names is the new one
  call().recording_state_event_seen = false;
  call().recording_phase = RecordingPhase::starting;
  state_.start_in_flight = true;
  cancel(CallTimer::recording_restart);
  cancel(CallTimer::recording_poll);
  act(call_action::StartRecording{repeat});
  arm(CallTimer::recording_state_due, options_.recording_state_wait);
}

void CallStep::on(const call_event::RecordingStarted& event) {
  state_.start_in_flight = false;
  if (auto* known = find_recording(event.id); known && known->phase == RecordingPhase::failed)
    return start_recording_when_due();          // StartRecordingFailed overtook the answer
  if (call().recording_id == event.id) return;  // so did RecordingStateChanged
  // Another recording was found running while the start was under way, and is over already or not:
  // ACS runs one at a time, so the id that answers the newest start is the newest.
  adopt(event.id);
}

void CallStep::adopt(const RecordingId& id) {
  for (auto& other : state_.recordings) {
    if (other.id == id) continue;
    if (!is_over(other.phase)) finish(other, RecordingPhase::stopped, "replaced", std::nullopt);
    queue_discovery(other);
  }
  auto* known = find_recording(id);
  Recording& recording = known ? *known : add_recording(id);
  if (call().recording_id != id) state_.recording_seen_active_at.reset();
  call().recording_id = id;
  cancel(CallTimer::recording_restart);
  journal("recording started", {{"recording", id.text}});
  if (state_.closed() || call().recording_wish == RecordingWish::stop) {
    set_phase(recording, RecordingPhase::stopping);
    if (state_.closed()) {
      recording.ended_at = call().ended_at;
      queue_discovery(recording);
    }
    return send_stop(recording);
  }
  set_phase(recording, RecordingPhase::starting);
  recording.ended_at.reset();
  recording.ended_after.reset();
  recording.end_reason.clear();
  arm(CallTimer::recording_poll, options_.recording_confirm_poll);
}

void CallStep::on(const call_event::RecordingStartError& event) {
  state_.start_in_flight = false;
  if (state_.closed()) {
    if (!newest()) call().recording_phase = RecordingPhase::failed;
    return;
  }
  // RecordingStateChanged has told of a recording meanwhile: the answer alone was lost.
  if (auto* running = newest(); running && !is_over(running->phase)) return;
  start_failed(event.error);
}

void CallStep::on(const call_event::RecordingStartRefused& event) {
  if (state_.closed()) return;
  const Error error{.kind = ErrorKind::conflict,
                    .message = "StartRecordingFailed " + std::to_string(event.code) + "/" +
                               std::to_string(event.sub_code),
                    .status = event.code,
                    .code = std::to_string(event.sub_code)};
  if (call().recording_phase != RecordingPhase::starting) return;
  const bool of_another_start = !call().recording_id.empty() && call().recording_id != event.id;
  if (of_another_start || (call().recording_id.empty() && find_recording(event.id))) return;
  if (!means_already_recording(error) && !event.id.empty()) {
    auto* known = find_recording(event.id);
    Recording& recording = known ? *known : add_recording(event.id);
    recording.phase = RecordingPhase::failed;
    recording.ended_at = now_;
    recording.end_reason = error.message;
    recording.discovery = Discovery::missing;  // it never ran: nothing to look for
    call().recording_id = {};
  }
  cancel(CallTimer::recording_poll);
  start_failed(error);
}

void CallStep::start_failed(const Error& error) {
  journal("recording start failed", {{"error", error.message}, {"code", error.code}});
  if (means_already_recording(error))
    return look_up_running(state_.recordings.empty() ? RecordingId{} : state_.recordings.back().id);
  call().recording_phase = RecordingPhase::failed;
  // These are also what a call says that has just ended, whose event is on its way.
  const bool perhaps_over =
      means_absent(error) || error.code == "8501" || error.code == "8528" || error.code == "8543";
  if (perhaps_over) {
    act(call_action::PollCall{});
  } else if (!state_.start_alerted) {
    state_.start_alerted = true;
    alert("recording_start_failed", {},
          "a recording could not be started and is tried again: " + error.message);
  }
  again_after(std::chrono::milliseconds(error.retry_after_ms));
}

// ACS says that one is running already: the newest that we know of, unless the answer that named it
// was lost; then RecordingStateChanged will name it.
void CallStep::look_up_running(const RecordingId& id) {
  call().recording_phase = RecordingPhase::starting;
  if (id.empty())
    act(
        call_action::Warn{"ACS says that the call is being recorded already, under an id that no "
                          "answer has named; waiting for its RecordingStateChanged"});
  else
    send_poll(id);
  again_after(options_.recording_restart_spacing);
}

// States.

// More starts were sent than recordings are known: the answer to one may have got lost.
bool CallStep::may_have_started_unheard() const {
  return static_cast<std::size_t>(state_.call.recording_starts) > state_.recordings.size();
}

void CallStep::on(const call_event::RecordingState& event) {
  if (event.id.empty()) return;
  if (state_.closed()) return recording_state_after_end(event);
  auto* recording = find_recording(event.id);
  if (!recording) {
    const bool awaited = call().recording_phase == RecordingPhase::starting && !newest();
    if (!event.active && !may_have_started_unheard()) return ignore_stranger();
    // Of a start whose answer was lost: it may be ours, and paused.
    const bool may_be_paused =
        call().consent == RecordingConsent::notice_first && (!newest() || is_over(newest()->phase));
    if (!event.active && !awaited && !may_be_paused) {
      auto& other = add_recording(event.id);
      finish(other, RecordingPhase::stopped, "was over when it was first heard of", event.at);
      return queue_discovery(other);
    }
    adopt(event.id);  // the event overtook the answer
    recording = find_recording(event.id);
  }
  if (recording->id != call().recording_id) {  // late news of an older one
    if (event.active && !recording->active_at) recording->active_at = event.started_at;
    return;
  }
  call().recording_state_event_seen = true;
  state_.told_active = event.active;
  cancel(CallTimer::recording_state_due);
  if (event.active)
    became_active(*recording, event.started_at);
  else
    became_inactive(*recording, event.at);
}

// The end of a recording that none of our starts can have made is no recording of ours: a row for
// it would wait for chunks until the deadline, and raise an alert then. The journal has the event.
void CallStep::ignore_stranger() {
  act(call_action::Warn{
      "a recording that this service did not start was reported over; it is not looked for"});
}

void CallStep::recording_state_after_end(const call_event::RecordingState& event) {
  if (call().phase != CallPhase::ended) return;
  auto* recording = find_recording(event.id);
  if (!recording && event.active) {
    adopt(event.id);
    recording = find_recording(event.id);
  } else if (!recording && !may_have_started_unheard()) {
    return ignore_stranger();
  } else if (!recording) {
    recording = &add_recording(event.id);
    finish(*recording, RecordingPhase::stopped, "the call ended", call().ended_at.value_or(now_));
    queue_discovery(*recording);
  }
  if (event.active && !recording->active_at) recording->active_at = event.started_at;
  if (recording->id == call().recording_id) call().recording_state_event_seen = true;
  if (event.active) return;
  learn_end(*recording, event.at);
  if (recording->phase == RecordingPhase::stopping)
    finish(*recording, RecordingPhase::stopped, "the call ended", event.at);
}

void CallStep::became_active(Recording& recording, std::optional<WallTime> at) {
  // The start that ACS names is that of the paused recording: nothing ran from there.
  const bool first_resumed =
      recording.phase == RecordingPhase::paused && call().consent == RecordingConsent::notice_first;
  if (!recording.active_at) recording.active_at = first_resumed ? now_ : at.value_or(now_);
  if (recording.id == call().recording_id)
    state_.recording_seen_active_at =
        std::max(at.value_or(now_), state_.recording_seen_active_at.value_or(WallTime{}));
  const auto before = recording.phase;
  if (is_over(before)) return;
  if (before == RecordingPhase::starting) {
    set_phase(recording, RecordingPhase::active);
    state_.recording_changed_at = now_;
    state_.start_alerted = false;
    journal("recording active", {{"recording", recording.id.text}});
    arm(CallTimer::recording_poll, options_.recording_poll_every);
  }
  switch (call().recording_wish) {
    case RecordingWish::record:
      // The event of our resume overtook its answer.
      if (before == RecordingPhase::paused) {
        set_phase(recording, RecordingPhase::active);
        state_.recording_changed_at = now_;
        close_pause(recording);
      }
      if (recording.phase == RecordingPhase::active) set_gate(true);
      break;
    case RecordingWish::pause:
      // What was said while a pause is wished for must not be recorded: an undone pause is renewed.
      if (before == RecordingPhase::starting ||
          (before == RecordingPhase::paused && !changed_recently()) || call().awaits_notice()) {
        set_phase(recording, RecordingPhase::active);
        send_pause(recording);
      }
      break;
    case RecordingWish::stop:
      if (!state_.stop_in_flight) send_stop(recording);
      break;
  }
}

void CallStep::became_inactive(Recording& recording, std::optional<WallTime> at) {
  switch (recording.phase) {
    case RecordingPhase::starting:
      if (reads_paused(recording)) return started_paused(recording);
      state_.verifying = true;
      return send_poll(recording.id);
    case RecordingPhase::active:
      return found_inactive(recording, at);
    case RecordingPhase::stopping:
      finish(recording, RecordingPhase::stopped, "stopped by us", at);
      return queue_discovery(recording);
    case RecordingPhase::none:
    case RecordingPhase::paused:
    case RecordingPhase::stopped:
    case RecordingPhase::failed:
      return;
  }
}

void CallStep::found_inactive(Recording& recording, std::optional<WallTime> at) {
  if (call().recording_wish == RecordingWish::pause) {
    if (!state_.command_in_flight && !changed_recently())
      return stopped_unasked(recording, "lost", at);
    set_phase(recording, RecordingPhase::paused);
    return open_pause(recording, state_.recording_changed_at.value_or(now_));
  }
  if (changed_recently() && !(state_.verifying && state_.recording_polls_in_flight == 0)) {
    state_.verifying = true;
    return send_poll(recording.id);
  }
  stopped_unasked(recording, "stopped unasked", at);
}

void CallStep::stopped_unasked(Recording& recording, std::string reason,
                               std::optional<WallTime> at) {
  journal("recording stopped unasked", {{"recording", recording.id.text}, {"reason", reason}});
  finish(recording, RecordingPhase::stopped, std::move(reason), at);
  set_gate(false);
  cancel(CallTimer::recording_poll);
  if (hanging_up()) return;
  arm(CallTimer::unasked_stop_alert, options_.unasked_stop_alert_after);
  start_recording_when_due();
}

// Polls.

void CallStep::send_poll(const RecordingId& id) {
  ++state_.recording_polls_in_flight;
  act(call_action::PollRecording{id});
}

void CallStep::recording_poll_due() {
  auto* recording = newest();
  if (!recording || is_over(recording->phase)) return;
  if (must_pause_again(*recording)) send_pause(*recording);
  send_poll(recording->id);
  const bool is_awaited = recording->phase == RecordingPhase::starting || !state_.askers.empty();
  arm(CallTimer::recording_poll,
      is_awaited ? options_.recording_confirm_poll_retry : options_.recording_poll_every);
}

void CallStep::on(const call_event::RecordingPolled& event) {
  --state_.recording_polls_in_flight;
  if (state_.closed()) return;
  auto* recording = newest();
  const bool runs = event.result == call_event::RecordingPoll::active ||
                    (event.result == call_event::RecordingPoll::inactive &&
                     call().consent == RecordingConsent::notice_first);
  if (!recording && !state_.start_in_flight && runs &&
      find_recording(event.id)) {  // the one that ACS called a duplicate of
    adopt(event.id);
    recording = newest();
  }
  if (recording && recording->id == event.id && !is_over(recording->phase)) {
    if (event.result == call_event::RecordingPoll::active) state_.told_active = true;
    if (event.result == call_event::RecordingPoll::inactive) state_.told_active = false;
    switch (event.result) {
      case call_event::RecordingPoll::active:
        if (recording->phase == RecordingPhase::stopping && !state_.stop_in_flight)
          send_stop(*recording);
        else
          became_active(*recording, std::nullopt);
        break;
      case call_event::RecordingPoll::inactive:
        if (reads_paused(*recording)) {
          started_paused(*recording);
        } else if (recording->phase == RecordingPhase::starting) {
          if (now_ - call().recording_start_first_sent.value_or(now_) >
              options_.recording_confirm_max) {
            finish(*recording, RecordingPhase::stopped, "never became active", std::nullopt);
            start_failed(Error{.message = "it was accepted and never became active"});
          }
        } else if (recording->phase == RecordingPhase::active) {
          found_inactive(*recording, std::nullopt);
        } else if (recording->phase == RecordingPhase::stopping) {
          became_inactive(*recording, std::nullopt);
        } else if (call().recording_wish == RecordingWish::record && !state_.command_in_flight) {
          send_resume(*recording);  // swallowed by a restart of ours, or refused once
        }
        break;
      case call_event::RecordingPoll::gone:
        found_gone(*recording);
        break;
      case call_event::RecordingPoll::unknown:
        break;  // server errors are no news; the timer asks again
    }
  }
  if (state_.recording_polls_in_flight == 0) state_.verifying = false;
}

void CallStep::found_gone(Recording& recording) {
  act(call_action::PollCall{});  // it may have gone with its call
  if (recording.phase == RecordingPhase::stopping) {
    finish(recording, RecordingPhase::stopped, "stopped by us", std::nullopt);
    return queue_discovery(recording);
  }
  if (recording.phase == RecordingPhase::starting) {
    finish(recording, RecordingPhase::stopped, "gone before it was seen active", std::nullopt);
    return start_failed(Error{.message = "it was accepted, and then ACS did not know it"});
  }
  stopped_unasked(recording, "ACS no longer knows it", std::nullopt);
}

void CallStep::recording_state_due() {
  if (!connected() || call().recording_state_event_seen) return;
  if (call().recording_phase != RecordingPhase::starting &&
      call().recording_phase != RecordingPhase::active &&
      !(call().recording_phase == RecordingPhase::paused && call().awaits_notice()))
    return;
  journal("warning no recording state event");
  alert(
      "recording_state_event_missing", call().recording_id,
      "no RecordingStateChanged came within 10 s of a recording's start: check that "
      "CALLBACK_URI_HOST/api/callbacks is reachable from the internet (a GET answers 200) and that "
      "nothing in front of it removes the query or the Authorization header; the state is polled "
      "meanwhile");
}

void CallStep::check_recording_after_restart() {
  state_.recovering = false;
  if (hanging_up()) return;
  auto* recording = newest();
  if (call().recording_wish == RecordingWish::pause && !call().awaits_notice()) arm_pause_limit();
  if (recording && !is_over(recording->phase)) {
    state_.gate_open = recording->phase == RecordingPhase::active &&
                       call().recording_wish == RecordingWish::record;
    if (call().recording_wish == RecordingWish::stop) return send_stop(*recording);
    if (call().recording_wish == RecordingWish::pause && recording->phase == RecordingPhase::active)
      send_pause(*recording);
    return recording_poll_due();
  }
  const bool may_have_been_sent =
      call().recording_phase == RecordingPhase::starting && call().recording_start_first_sent &&
      now_ - *call().recording_start_first_sent < options_.recording_start_repeat_max;
  if (may_have_been_sent) return send_start(true);
  start_recording_when_due();
}

}  // namespace earshot::detail
