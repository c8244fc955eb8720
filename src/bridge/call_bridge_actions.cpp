// Does what the bridge machine decided.

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "bridge/detail/call_bridge_impl.hpp"
#include "bridge/unreachable_notice.hpp"

namespace earshot::bridge {

void CallBridgeImpl::perform(const BridgeActions& actions, SteadyTime now) {
  for (const BridgeAction& action : actions)
    std::visit([&](const auto& known) { act(now, known); }, action);
}

void CallBridgeImpl::count_request(bool taken) {
  if (!taken) ++tally_.requests_refused;
}

SessionFacts CallBridgeImpl::facts_of(const AssistantSession& session) const {
  SessionFacts facts{.session_id = session.session_id(),
                     .prefix_padding_ms = session.prefix_padding_ms(),
                     .silence_window_ms = session.silence_window_ms()};
  if (const auto expires = session.expires_at())
    facts.expires_at = services_.clock.steady_now() + (*expires - services_.clock.wall_now());
  return facts;
}

void CallBridgeImpl::act(SteadyTime now, const StopPlaying&) {
  if (caller_) count_request(caller_->audio().send_stop_audio());
  const std::chrono::duration<double> took = services_.clock.steady_now() - now;
  metrics_.stop_audio_seconds.observe(took.count());
  metrics_.interruptions.add();
  if (witness_) witness_->stop_assistant(position_of(now));
}

void CallBridgeImpl::act(SteadyTime, const DropBacklog& action) { pacer_.drop(action.kept); }

void CallBridgeImpl::act(SteadyTime, const TruncateItem& action) {
  if (session_) count_request(session_->truncate(action.item_id, action.heard_ms));
}

void CallBridgeImpl::act(SteadyTime, const CancelResponse& action) {
  if (session_) count_request(session_->cancel_response(action.response_id));
}

void CallBridgeImpl::act(SteadyTime, const AskForResponse& action) {
  if (session_) count_request(session_->create_response(action.instructions));
}

void CallBridgeImpl::act(SteadyTime, const SayText& action) {
  if (session_) count_request(session_->say(action.text, action.request));
}

void CallBridgeImpl::act(SteadyTime, const ReturnFunctionOutput& action) {
  if (session_) count_request(session_->return_function(action.call_id, action.output_json));
}

void CallBridgeImpl::act(SteadyTime, const SteerRecording& action) {
  observer_.wants_recording(action.paused, "assistant", action.call_id);
}

void CallBridgeImpl::act(SteadyTime, const SaveTurn& action) {
  observer_.turn_changed(action.turn);
}

void CallBridgeImpl::act(SteadyTime, const OpenSession& action) {
  tasks_.spawn(open_session(action.conversation));
}

void CallBridgeImpl::act(SteadyTime, const AdoptSession&) {
  if (session_) tasks_.spawn(close_session(session_));
  session_ = std::exchange(opened_, nullptr);
  set_up_resamplers();
  tasks_.spawn(read_session(session_));
}

void CallBridgeImpl::act(SteadyTime, const DiscardSession&) {
  if (opened_) tasks_.spawn(close_session(std::exchange(opened_, nullptr)));
}

void CallBridgeImpl::act(SteadyTime now, const PlayApology& action) {
  const auto samples = unreachable_notice(options_.unreachable_notice_wav, rate_hz_);
  const std::string text =
      base64::encode({reinterpret_cast<const std::uint8_t*>(samples.data()), samples.size() * 2});
  offer(now, action.item, text);
  machine_.generated_all(action.item);
}

void CallBridgeImpl::act(SteadyTime, const TellAssistantState& action) {
  observer_.assistant_state(action.reachable, action.reason);
}

void CallBridgeImpl::act(SteadyTime, const HangUp& action) {
  observer_.wants_hang_up(action.reason);
}

void CallBridgeImpl::act(SteadyTime, const TellNoticePlayed& action) {
  const auto hash = crypto::sha256(as_bytes(options_.recording_notice));
  observer_.notice_played({.from = action.from,
                           .to = action.to,
                           .samples = action.samples,
                           .rate_hz = action.rate_hz,
                           .text_sha256 = crypto::to_hex(hash)});
}

void CallBridgeImpl::act(SteadyTime, const NoteEvent& action) {
  observer_.noted(action.type, action.detail_json);
}

}  // namespace earshot::bridge
