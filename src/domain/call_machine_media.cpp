// The call machine's media path: a socket that is lost, or never came, is asked for again.

#include "domain/detail/call_step.hpp"

namespace earshot::detail {

void CallStep::expect_media(Duration within) {
  if (!state_.media_lost_at) state_.media_lost_at = now_;
  arm(CallTimer::media_due, within);
}

void CallStep::on(const call_event::MediaConnected&) {
  if (state_.closed()) return;
  if (call().media_connected) return;
  const bool was_lost = call().media_restarts > 0;
  call().media_connected = true;
  state_.media_lost_at.reset();
  state_.media_tries = 0;
  cancel(CallTimer::media_due);
  journal(was_lost ? "media socket back" : "media socket opened");
  // The socket may overtake CallConnected, but not by much: if that is lost, asking finds out.
  if (!connected()) arm(CallTimer::connected_due, options_.media_back_wait);
}

void CallStep::on(const call_event::MediaLost& event) {
  if (state_.closed() || !call().media_connected) return;
  call().media_connected = false;
  journal("media lost", {{"reason", event.reason}});
  // The likeliest cause is the end of the call, whose event may have been lost as well.
  act(call_action::PollCall{});
  if (connected() && !hanging_up()) expect_media(options_.media_back_wait);
}

void CallStep::on(const call_event::MediaFailed& event) {
  const auto codes = std::to_string(event.code) + "/" + std::to_string(event.sub_code);
  journal("media streaming failed", {{"codes", codes}, {"details", event.details}});
  if (state_.closed()) return;
  if (event.sub_code == 8581)
    act(
        call_action::Warn{"ACS cannot reach the media address (8581): check that CALLBACK_URI_HOST "
                          "is public, that its certificate is trusted and that it forwards "
                          "WebSockets"});
  if (connected() && !call().media_connected && !hanging_up())
    expect_media(
        doubled(options_.media_back_wait, state_.media_tries, options_.media_restart_spacing_max));
}

void CallStep::media_due() {
  if (!connected() || call().media_connected || hanging_up()) return;
  // Asked for beside the restart, so that a call that has ended unseen is found within one round.
  if (state_.media_tries > 0) act(call_action::PollCall{});
  act(call_action::StartMediaStreaming{});
  ++call().media_restarts;
  journal("media streaming asked for again", {{"try", std::to_string(state_.media_tries + 1)}});
  if (state_.media_tries == 2)
    alert("media_lost", {}, "a call goes on without audio: its media socket does not come back");
  arm(CallTimer::media_due, doubled(options_.media_restart_spacing, state_.media_tries,
                                    options_.media_restart_spacing_max));
  ++state_.media_tries;
}

void CallStep::on(const call_event::MediaStartDone& event) {
  if (state_.closed() || !event.error) return;
  journal("media streaming start failed", {{"error", event.error->message}});
  if (means_absent(*event.error)) act(call_action::PollCall{});
}

}  // namespace earshot::detail
