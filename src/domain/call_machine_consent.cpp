// The call machine where the recording notice comes first: the recording is started paused, and
// resumed when the bridge has told that the notice was played to its end, by nothing else.

#include "domain/detail/call_step.hpp"

#include <algorithm>

namespace earshot::detail {

// A call that waits for its notice has a recording too, a paused one: to start it only after the
// notice would lose the first words to the time that ACS takes.
bool CallStep::may_start() const {
  const Call& call = state_.call;
  return call.recording_wish == RecordingWish::record ||
         (call.recording_wish == RecordingWish::pause && call.awaits_notice());
}

// ACS tells of a paused recording as of one that has stopped, and which of several starts made it
// nobody knows. One that has truly stopped is found out by the resume.
bool CallStep::reads_paused(const Recording& recording) const {
  return recording.phase == RecordingPhase::starting &&
         state_.call.consent == RecordingConsent::notice_first;
}

void CallStep::started_paused(Recording& recording) {
  set_phase(recording, RecordingPhase::paused);
  state_.start_alerted = false;
  journal("recording started paused", {{"recording", recording.id.text}});
  open_pause(recording, recording.requested_at);
  arm(CallTimer::recording_poll, options_.recording_poll_every);
  // The notice was played meanwhile.
  if (call().recording_wish == RecordingWish::record) send_resume(recording);
}

void CallStep::on(const call_event::NoticePlayed& event) {
  if (call().notice) return;  // said again by a bridge that did not know
  call().notice = event.notice;
  const auto ms = [](Duration at) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(at).count());
  };
  journal("recording notice played", {{"from_ms", ms(event.notice.from)},
                                      {"to_ms", ms(event.notice.to)},
                                      {"samples", std::to_string(event.notice.samples)}});
  if (call().consent != RecordingConsent::notice_first) return;
  cancel(CallTimer::notice_due);
  if (state_.closed() || hanging_up() || call().recording_wish != RecordingWish::pause) return;
  state_.must_resume = true;
  resume_wanted();
}

void CallStep::expect_notice() {
  if (!connected() || hanging_up() || !call().awaits_notice()) return;
  const Duration limit = options_.pause_max;
  state_.notice_alerted = false;
  arm(CallTimer::notice_due, limit > Duration{0} ? std::min(limit, options_.notice_alert_after)
                                                 : options_.notice_alert_after);
}

// The bridge says it again as long as the call lasts; a person hears of it first, then the call
// ends: it may not be recorded, and its caller has heard nothing for so long.
void CallStep::notice_due() {
  if (!connected() || hanging_up() || !call().awaits_notice()) return;
  if (!state_.notice_alerted) {
    state_.notice_alerted = true;
    alert("recording_notice_not_played", call().recording_id,
          "a call goes on unrecorded: its recording notice, which must come first, could not be "
          "played to its end");
    if (options_.pause_max <= Duration{0}) return;
    return arm(CallTimer::notice_due, options_.pause_max - options_.notice_alert_after);
  }
  on(call_event::HangUpWanted{"the recording notice could not be played"});
}

// The caller was told; until ACS records it is as it was before. When the starts are used up there
// will be no recording, and the bridge's own copy is all there is.
bool CallStep::is_before_first_recording() const {
  const Call& call = state_.call;
  const bool given_up = call.recording_phase == RecordingPhase::failed &&
                        call.recording_starts >= options_.recording_starts_max;
  return call.consent == RecordingConsent::notice_first && call.is_private && !given_up &&
         call.recording_phase != RecordingPhase::active;
}

}  // namespace earshot::detail
