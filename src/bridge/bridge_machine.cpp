#include "bridge/bridge_machine.hpp"

#include "bridge/detail/note_json.hpp"

#include <algorithm>
#include <utility>

namespace earshot::bridge {

BridgeMachine::BridgeMachine(MachineOptions options, Random& random)
    : options_(std::move(options)),
      random_(random),
      play_out_(options_.rate_hz),
      book_(options_.call, options_.conversation),
      is_resumed_(!options_.conversation.empty()),
      recording_is_active_(options_.recording_active),
      reply_was_lost_(book_.caller_spoke_last()) {
  if (is_resumed_ && options_.recording_notice.empty()) opening_ = OpeningPhase::done;
  if (options_.is_private) private_.begin(Duration{0});
}

Duration BridgeMachine::call_time(SteadyTime time) const {
  return std::chrono::duration_cast<Duration>(time - options_.call_zero);
}

BridgeActions BridgeMachine::caller_attached(SteadyTime now) {
  BridgeActions actions;
  caller_present_ = true;
  last_activity_ = now;
  if (!gate_deadline_) gate_deadline_ = now + options_.greeting_wait_max;
  advance_opening(now, actions);
  want_resume(now, actions);
  speak_next(now, actions);
  return actions;
}

BridgeActions BridgeMachine::caller_lost(SteadyTime now) {
  BridgeActions actions;
  if (!caller_present_) return actions;
  caller_speaking_ = false;
  if (in_flight_ || items_.any_unsent() || play_out_.is_playing(now)) reply_was_lost_ = true;
  interrupt(now, Interruption::no_listener, actions);
  if (notice_is_complete_ && !notice_said_noted_) forget_notice();
  caller_present_ = false;
  return actions;
}

BridgeActions BridgeMachine::caller_frame(SteadyTime now) {
  BridgeActions actions;
  last_frame_ = now;
  if (std::exchange(notice_waits_for_frame_, false)) tick_notice(now, actions);
  return actions;
}

BridgeActions BridgeMachine::phone_rate_changed(SteadyTime now, std::uint32_t rate_hz) {
  BridgeActions actions;
  if (rate_hz == options_.rate_hz) return actions;
  interrupt(now, Interruption::no_listener, actions);
  for (AssistantItem& item : items_) item.interrupted = true;
  options_.rate_hz = rate_hz;
  play_out_ = PlayOutQueue(rate_hz);
  return actions;
}

BridgeActions BridgeMachine::recording_active(SteadyTime now, bool active) {
  BridgeActions actions;
  recording_is_active_ = active;
  advance_opening(now, actions);
  return actions;
}

BridgeActions BridgeMachine::set_private(SteadyTime now, bool on) {
  BridgeActions actions;
  const bool was_on = private_.is_on();
  if (on) {
    private_.begin(call_time(now));
    if (!was_on) retract_unheard(now, actions);
    return actions;
  }
  if (was_on) last_activity_ = now;  // who spoke unheard was not idle
  private_.end(call_time(now));
  return actions;
}

BridgeActions BridgeMachine::handle(SteadyTime now, const AssistantEvent& event) {
  BridgeActions actions;
  std::visit([&](const auto& known) { on(now, known, actions); }, event);
  return actions;
}

BridgeActions BridgeMachine::tick(SteadyTime now) {
  BridgeActions actions;
  tick_asked(now, actions);
  advance_opening(now, actions);
  tick_notice(now, actions);
  tick_functions(now, actions);
  tick_session(now, actions);
  tick_apology(now, actions);
  tick_idle(now, actions);
  speak_next(now, actions);
  items_.forget_over(now - options_.downlink_estimate);
  return actions;
}

BridgeActions BridgeMachine::end(SteadyTime now) {
  BridgeActions actions;
  for (AssistantItem& item : items_) {
    if (item.interrupted || item.generated == 0) continue;
    const SteadyTime heard_until = now - options_.downlink_estimate;
    if (item.saved && item.play_end <= heard_until) continue;
    const std::int64_t heard = play_out_.played_samples(item.number, heard_until);
    if (item.is_complete() && heard >= item.generated) continue;
    cut_item(now, item, std::min(heard, item.generated), actions);
  }
  save_complete_items(actions);
  // The session is closed with the call: what would be asked of it is moot.
  std::erase_if(actions, [](const BridgeAction& action) {
    return !std::holds_alternative<SaveTurn>(action);
  });
  for (Turn& turn : book_.session_ends(call_time(now))) save_caller_turn(std::move(turn), actions);
  session_.reset();
  hanging_up_ = true;
  return actions;
}

// ---- audio

ItemNumber BridgeMachine::audio_arrived(SteadyTime now, std::string_view response_id,
                                        std::string_view item_id, BridgeActions& actions) {
  if (is_ignored(response_id)) {
    // The server interrupts by itself unless told otherwise; when it does not, we ask.
    if (in_flight_ && in_flight_->id == response_id && !in_flight_->cancel_sent &&
        now - in_flight_->interrupted_at >= cancel_after) {
      in_flight_->cancel_sent = true;
      actions.push_back(CancelResponse{in_flight_->id});
    }
    return no_item;
  }
  const AssistantItem* item = item_for(response_id, item_id);
  return item == nullptr || item->interrupted ? no_item : item->number;
}

std::int64_t BridgeMachine::generated_of(ItemNumber number) {
  const AssistantItem* item = items_.find(number);
  return item == nullptr ? 0 : item->generated;
}

void BridgeMachine::generated(ItemNumber number, std::int64_t samples) {
  if (AssistantItem* item = items_.find(number)) item->generated += samples;
}

void BridgeMachine::lost(ItemNumber number, std::int64_t samples) {
  if (AssistantItem* item = items_.find(number)) item->lost += samples;
}

void BridgeMachine::generated_all(ItemNumber number) {
  if (AssistantItem* item = items_.find(number)) item->generation_ended = true;
}

SteadyTime BridgeMachine::sent(SteadyTime now, ItemNumber number, std::int64_t first_sample,
                               std::int64_t samples) {
  const SteadyTime start = play_out_.send(now, number, first_sample, samples);
  if (AssistantItem* item = items_.find(number)) {
    item->sent += samples;
    if (!item->play_start) item->play_start = start;
    item->play_end = play_out_.drained_at();
    if (item->is_complete() && !item->saved) has_complete_item_ = true;
    if (item->kind != SpeechKind::prompt) {
      counted_play_end_ = play_out_.drained_at();
      idle_prompted_ = false;
    }
  }
  return start;
}

// ---- events of a session

bool BridgeMachine::is_ignored(std::string_view response_id) const {
  return std::ranges::find(ignored_responses_, response_id) != ignored_responses_.end();
}

void BridgeMachine::ignore_response(std::string_view response_id) {
  if (response_id.empty() || is_ignored(response_id)) return;
  if (ignored_responses_.size() == ignored_responses_max) ignored_responses_.pop_front();
  ignored_responses_.emplace_back(response_id);
}

AssistantItem* BridgeMachine::item_for(std::string_view response_id, std::string_view item_id) {
  if (AssistantItem* known = items_.find(item_id)) return known;
  if (is_ignored(response_id)) return nullptr;
  const bool of_flight = in_flight_ && in_flight_->id == response_id;
  const SpeechKind kind = of_flight ? in_flight_->cause.kind : SpeechKind::reply;
  AssistantItem& item = items_.add(std::string(item_id), std::string(response_id), kind);
  if (session_) item.session_id = session_->facts.session_id;
  return &item;
}

void BridgeMachine::on(SteadyTime now, const SpeechStarted& event, BridgeActions& actions) {
  interrupt(now, Interruption::speech, actions);  // first: StopAudio is what matters
  caller_speaking_ = true;
  last_activity_ = now;
  idle_prompted_ = false;
  if (!session_) return;
  // The session already took the prefix padding off; speech itself begins that much later.
  const Duration spoken_from = session_clock_.to_call_time(
      std::chrono::milliseconds(event.audio_start_ms + session_->facts.prefix_padding_ms));
  if (auto turn = book_.caller_started(event.item_id, std::min(spoken_from, call_time(now)),
                                       event.audio_start_ms))
    save_caller_turn(std::move(*turn), actions);
}

void BridgeMachine::on(SteadyTime now, const SpeechStopped& event, BridgeActions& actions) {
  caller_speaking_ = false;
  last_activity_ = now;
  if (!session_) return;
  const Duration spoken_until = session_clock_.to_call_time(
      std::chrono::milliseconds(event.audio_end_ms - session_->facts.silence_window_ms));
  if (auto turn = book_.caller_stopped(event.item_id, std::min(spoken_until, call_time(now))))
    save_caller_turn(std::move(*turn), actions);
}

void BridgeMachine::on(SteadyTime now, const ResponseStarted& event, BridgeActions& actions) {
  // What is certain now takes the place of a guess.
  if (in_flight_ && !event.request.empty() && in_flight_->request == event.request)
    disown_response(now, actions);
  Response response{.id = event.response_id};
  if (asked_ && answers_asked(event)) {
    response.cause = std::move(asked_->what);
    response.request = std::move(asked_->request);
    response.is_certain = !event.request.empty();
    asked_.reset();
  } else if (!holds_replies()) {
    greeting_is_moot_ = true;
  }
  const bool is_held = response.cause.kind == SpeechKind::reply && holds_replies();
  in_flight_ = std::move(response);
  if (is_held) reply_was_held_ = true;
  if (is_held || !caller_present_) mute_response(now, true, actions);
}

void BridgeMachine::on(SteadyTime now, const RequestOvertaken&, BridgeActions& actions) {
  disown_response(now, actions);
  if (!asked_) return;
  asked_->is_overtaken = true;
  asked_->at = now;
}

void BridgeMachine::on(SteadyTime, const AssistantAudio&, BridgeActions&) {}

void BridgeMachine::on(SteadyTime, const AssistantAudioDone& event, BridgeActions& actions) {
  if (AssistantItem* item = items_.find(event.item_id)) item->generation_ended = true;
  save_complete_items(actions);
}

void BridgeMachine::on(SteadyTime, const AssistantTextDelta& event, BridgeActions&) {
  AssistantItem* item = item_for(event.response_id, event.item_id);
  if (item != nullptr && !item->interrupted && !is_ignored(event.response_id))
    item->text += event.text;
}

void BridgeMachine::on(SteadyTime, const AssistantTextDone& event, BridgeActions& actions) {
  AssistantItem* item = item_for(event.response_id, event.item_id);
  if (item == nullptr || item->interrupted || is_ignored(event.response_id)) return;
  if (event.text.empty() || item->text == event.text) return;
  item->text = event.text;
  if (item->saved) save_item(*item, actions);
}

void BridgeMachine::on(SteadyTime, const AssistantWord& event, BridgeActions&) {
  constexpr std::size_t words_max = 4000;  // of one utterance: half an hour of speech
  AssistantItem* item = item_for(event.response_id, event.item_id);
  if (item == nullptr || item->interrupted || is_ignored(event.response_id)) return;
  if (item->words.size() < words_max)
    item->words.push_back({event.text, event.offset_ms, event.duration_ms});
}

void BridgeMachine::on(SteadyTime now, const ResponseEnded& event, BridgeActions& actions) {
  items_.end_generation(event.response_id);
  save_complete_items(actions);
  if (event.status == ResponseStatus::failed || event.status == ResponseStatus::incomplete)
    actions.push_back(NoteEvent{"response_failed", note_json("reason", event.reason)});
  if (!in_flight_ || (in_flight_->id != event.response_id && !event.response_id.empty())) return;
  if (event.status == ResponseStatus::completed) check_notice(now, actions);
  if (asked_ && std::exchange(asked_->is_overtaken, false)) asked_->at = now;
  const Response ended = std::move(*in_flight_);
  in_flight_.reset();
  opening_response_ended(now, ended, event.status, actions);
  speak_next(now, actions);
}

void BridgeMachine::on(SteadyTime, const ItemTruncated&, BridgeActions&) {}

// Whether word offsets count from the utterance or from the session is not documented: the first
// word of an utterance cannot come before the utterance, so smaller offsets count from it.
std::vector<TurnWord> BridgeMachine::caller_words(const CallerTranscript& event) const {
  std::vector<TurnWord> words;
  const auto start_ms = book_.session_start_ms(event.item_id);
  if (event.words.empty() || !start_ms) return words;
  const bool from_utterance = event.words.front().offset_ms < *start_ms;
  for (const CallerWord& word : event.words) {
    const std::int64_t offset_ms = word.offset_ms + (from_utterance ? *start_ms : 0);
    const auto at = [&](std::int64_t ms) {
      return session_clock_.to_call_time(std::chrono::milliseconds(ms));
    };
    words.push_back({word.text, at(offset_ms), at(offset_ms + word.duration_ms)});
  }
  return words;
}

void BridgeMachine::on(SteadyTime now, const CallerTranscript& event, BridgeActions& actions) {
  if (auto turn = book_.caller_said(event.item_id, event.text, caller_words(event), call_time(now)))
    save_caller_turn(std::move(*turn), actions);
}

void BridgeMachine::on(SteadyTime, const CallerTranscriptFailed& event, BridgeActions& actions) {
  book_.caller_unintelligible(event.item_id);
  actions.push_back(NoteEvent{"caller_transcript_failed", note_json("code", event.code)});
}

// The session holds an output back until its response is over, and then asks for the next one.
void BridgeMachine::on(SteadyTime now, const FunctionCall& event, BridgeActions& actions) {
  const bool pauses = event.name == "pause_recording";
  const bool is_known = options_.pause_functions && (pauses || event.name == "resume_recording");
  if (!is_known || functions_.size() >= functions_pending_max) {
    actions.push_back(ReturnFunctionOutput{event.call_id, is_known
                                                              ? R"({"error":"too many calls"})"
                                                              : R"({"error":"unknown function"})"});
    return;
  }
  functions_.push_back({event.call_id, pauses, now + function_timeout});
  actions.push_back(SteerRecording{pauses, event.call_id});
}

BridgeActions BridgeMachine::function_done(const std::string& call_id, bool done,
                                           const std::string& why_not) {
  BridgeActions actions;
  const auto found = std::ranges::find(functions_, call_id, &PendingFunction::call_id);
  if (found == functions_.end()) return actions;  // it was given up, or its session is gone
  const bool pauses = found->pauses;
  functions_.erase(found);
  std::string output;
  if (!done)
    output = note_json("error", (pauses ? "the recording is not paused: "
                                        : "the recording has not been resumed: ") +
                                    why_not);
  else if (!pauses)
    output = R"({"recording":"active"})";
  else if (options_.assistant_hears_pauses)
    output = R"({"recording":"paused"})";
  else
    output = R"({"recording":"paused","note":"you hear silence until it is resumed"})";
  actions.push_back(ReturnFunctionOutput{call_id, std::move(output)});
  return actions;
}

void BridgeMachine::tick_functions(SteadyTime now, BridgeActions& actions) {
  for (const PendingFunction& function : std::vector(functions_)) {
    if (now < function.give_up_at) continue;
    for (auto& action : function_done(function.call_id, false, "it was not confirmed in time"))
      actions.push_back(std::move(action));
  }
}

void BridgeMachine::on(SteadyTime now, const AssistantComplaint& event, BridgeActions& actions) {
  // A race that was lost: the response that we asked for waits for the one that is running.
  if (event.code == "conversation_already_has_active_response") {
    disown_response(now, actions);
    take_back_asked();
    return;
  }
  if (event.code == "response_cancel_not_active") return;
  actions.push_back(NoteEvent{"assistant_complained", note_json("code", event.code)});
}

void BridgeMachine::on(SteadyTime now, const SessionEnded& event, BridgeActions& actions) {
  lose_session(now, event.may_retry, event.reason, actions);
}

}  // namespace earshot::bridge
