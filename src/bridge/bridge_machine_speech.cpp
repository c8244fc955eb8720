// The assistant's side of who may speak: its first words, what is asked of it, what an interruption
// takes back, and its turns.

#include "bridge/bridge_machine.hpp"

#include <algorithm>
#include <utility>

namespace earshot::bridge {

namespace {

// A transcript may punctuate, space and capitalise as it likes.
std::string letters_of(std::string_view text) {
  std::string letters;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') letters += static_cast<char>(c - 'A' + 'a');
    const bool is_sign =
        static_cast<unsigned char>(c) < 0x80 && (c < '0' || c > '9') && (c < 'a' || c > 'z');
    if (!is_sign) letters += c;
  }
  return letters;
}

}  // namespace

// ---- first words

void BridgeMachine::advance_opening(SteadyTime now, BridgeActions& actions) {
  const bool is_open = recording_is_active_ || (gate_deadline_ && now >= *gate_deadline_);
  if (opening_ == OpeningPhase::resuming && is_open) {
    if (!recording_is_active_) actions.push_back(NoteEvent{"first_words_before_recording", "{}"});
    after_notice(now, actions);
    return;
  }
  if (opening_ != OpeningPhase::waiting || !session_ || !caller_present_) return;
  if (options_.notice_first) {
    if (!notice_may_begin(now, actions)) return;
  } else {
    if (!is_open) return;
    if (!recording_is_active_) actions.push_back(NoteEvent{"first_words_before_recording", "{}"});
    if (options_.recording_notice.empty() || notice_attempts_ >= notice_attempts_max) {
      if (notice_attempts_ > 0) actions.push_back(NoteEvent{"recording_notice_incomplete", "{}"});
      after_notice(now, actions);
      return;
    }
  }
  opening_ = OpeningPhase::notice;
  notice_asked_at_ = now;
  ++notice_attempts_;
  want({SpeechKind::notice, options_.recording_notice}, actions, now);
}

// Of a notice without which nothing may be said: there is no end to its attempts, only room between
// them.
bool BridgeMachine::notice_may_begin(SteadyTime now, BridgeActions& actions) {
  if (notice_attempts_ < notice_attempts_max) return true;
  if (now < notice_asked_at_ + notice_spacing) return false;
  if (notice_attempts_ == notice_attempts_max)
    actions.push_back(NoteEvent{"recording_notice_incomplete", "{}"});
  return true;
}

std::optional<SteadyTime> BridgeMachine::opening_wake() const {
  if (opening_ == OpeningPhase::resuming && !recording_is_active_) return gate_deadline_;
  if (opening_ != OpeningPhase::waiting || !session_ || !caller_present_) return std::nullopt;
  if (!options_.notice_first) return recording_is_active_ ? std::nullopt : gate_deadline_;
  return notice_asked_at_ + notice_spacing;
}

void BridgeMachine::after_notice(SteadyTime now, BridgeActions& actions) {
  if (is_resumed_ || greeting_is_moot_ || options_.greeting.empty()) {
    finish_opening(now, actions);
    return;
  }
  opening_ = OpeningPhase::greeting;
  want({SpeechKind::greeting, options_.greeting}, actions, now);
}

void BridgeMachine::finish_opening(SteadyTime now, BridgeActions& actions) {
  opening_ = OpeningPhase::done;
  if (reply_was_held_ && !greeting_is_moot_ && options_.greeting.empty())
    want({SpeechKind::reply, ""}, actions, now);
  reply_was_held_ = false;
  want_resume(now, actions);
}

// Nothing is said before the first words may be said, not even in answer to a caller who speaks
// into the silence: what the session generates meanwhile is cancelled.
bool BridgeMachine::holds_replies() const {
  return opening_ == OpeningPhase::waiting || opening_ == OpeningPhase::resuming ||
         (opening_ == OpeningPhase::notice && (options_.notice_first || !notice_is_complete_));
}

void BridgeMachine::tick_asked(SteadyTime now, BridgeActions& actions) {
  if (!asked_ || now - asked_->at < ask_timeout) return;
  const SpeechKind kind = asked_->what.kind;
  asked_.reset();
  actions.push_back(NoteEvent{"assistant_did_not_speak", "{}"});
  if (kind == SpeechKind::notice) opening_ = OpeningPhase::waiting;
  if (kind == SpeechKind::greeting) finish_opening(now, actions);
}

// When the notice that is complete will have been played; nullopt when that is not known, or past
// and told.
std::optional<SteadyTime> BridgeMachine::notice_end() const {
  if (!notice_is_complete_ || notice_said_noted_) return std::nullopt;
  SteadyTime end{};
  for (const AssistantItem& item : items_) {
    if (item.kind != SpeechKind::notice || item.interrupted) continue;
    if (item.has_unsent()) return std::nullopt;
    end = std::max(end, item.play_end);
  }
  return end;
}

void BridgeMachine::tick_notice(SteadyTime now, BridgeActions& actions) {
  const auto end = notice_end();
  if (!end || now < *end + options_.downlink_estimate) return;
  // A socket may be dead long before it is known to be. ACS sends frames of silence too: where none
  // came after the notice, nobody is known to have heard it.
  notice_waits_for_frame_ = last_frame_ < *end;
  if (!notice_waits_for_frame_) notice_played(now, actions);
}

bool BridgeMachine::notice_under_way() const {
  return opening_ == OpeningPhase::notice || (notice_is_complete_ && !notice_said_noted_);
}

// It was played to nobody: from its beginning, when somebody is there.
void BridgeMachine::forget_notice() {
  for (AssistantItem& item : items_)
    if (item.response_id == notice_response_) item.interrupted = true;
  notice_is_complete_ = false;
  opening_ = OpeningPhase::waiting;
}

bool BridgeMachine::asks_for_notice() const {
  return (asked_ && asked_->what.kind == SpeechKind::notice) ||
         std::ranges::find(wanted_, SpeechKind::notice, &Wanted::kind) != wanted_.end();
}

void BridgeMachine::notice_played(SteadyTime now, BridgeActions& actions) {
  const TellNoticePlayed played = played_notice();
  std::int64_t generated = 0;
  for (const AssistantItem& item : items_)
    if (item.response_id == notice_response_) generated += item.generated;
  const bool is_whole = played.samples > 0 && played.samples >= generated;
  if (options_.notice_first && !is_whole) {  // some of it was dropped on the way
    notice_is_complete_ = false;
    opening_ = OpeningPhase::waiting;
    return advance_opening(now, actions);
  }
  notice_said_noted_ = true;
  actions.push_back(NoteEvent{"recording_notice_said", "{}"});
  if (is_whole) actions.push_back(played);
  if (!options_.notice_first) return;
  opening_ = OpeningPhase::resuming;
  gate_deadline_ = now + options_.greeting_wait_max;
  advance_opening(now, actions);
}

TellNoticePlayed BridgeMachine::played_notice() const {
  TellNoticePlayed played{.rate_hz = options_.rate_hz};
  std::optional<SteadyTime> from;
  SteadyTime to{};
  for (const AssistantItem& item : items_) {
    if (item.response_id != notice_response_ || item.interrupted || !item.play_start) continue;
    from = std::min(from.value_or(*item.play_start), *item.play_start);
    to = std::max(to, item.play_end);
    played.samples += play_out_.played_samples(item.number, item.play_end);
  }
  if (!from) return played;
  played.from = call_time(*from);
  played.to = call_time(to);
  return played;
}

void BridgeMachine::opening_response_ended(SteadyTime now, const Response& response,
                                           ResponseStatus status, BridgeActions& actions) {
  if (response.cause.kind == SpeechKind::greeting && opening_ == OpeningPhase::greeting)
    finish_opening(now, actions);
  if (response.cause.kind != SpeechKind::notice || opening_ != OpeningPhase::notice) return;
  if (asks_for_notice()) return;  // it was cut already, and is said again
  const bool has_audio = std::ranges::any_of(items_, [&](const AssistantItem& item) {
    return item.response_id == response.id && item.generated > 0;
  });
  if (status == ResponseStatus::completed && has_audio) {
    notice_is_complete_ = true;
    notice_response_ = response.id;
    if (!options_.notice_first) after_notice(now, actions);
    return;
  }
  // The server stops generating when the caller speaks, and half a notice is none: say it again.
  opening_ = OpeningPhase::waiting;
  advance_opening(now, actions);
}

// ---- asking

void BridgeMachine::want(Wanted what, BridgeActions& actions, SteadyTime now) {
  if (wanted_.size() < wanted_max) wanted_.push_back(std::move(what));
  speak_next(now, actions);
}

// The caller waits for a word that a lost connection took away.
void BridgeMachine::want_resume(SteadyTime now, BridgeActions& actions) {
  static constexpr auto instructions =
      "Your connection to the caller was interrupted for a few seconds. Answer what the caller "
      "said "
      "last, or finish what you were saying, briefly, without starting over.";
  if (!reply_was_lost_ || !session_ || !caller_present_ || opening_ != OpeningPhase::done) return;
  reply_was_lost_ = false;
  want({SpeechKind::resume, instructions}, actions, now);
}

void BridgeMachine::speak_next(SteadyTime now, BridgeActions& actions) {
  if (!session_ || in_flight_ || asked_ || wanted_.empty() || !caller_present_) return;
  asked_ = Asked{.what = std::move(wanted_.front()),
                 .at = now,
                 .request = "ask-" + std::to_string(++requests_)};
  wanted_.pop_front();
  const bool verbatim =
      asked_->what.kind != SpeechKind::reply && asked_->what.kind != SpeechKind::resume;
  if (verbatim) {
    actions.push_back(SayText{asked_->what.text, asked_->request});
  } else {
    actions.push_back(AskForResponse{asked_->what.text});
  }
}

// Without an echo the order is all there is to go by, and turn detection begins responses too.
bool BridgeMachine::answers_asked(const ResponseStarted& event) const {
  if (!event.request.empty()) return event.request == asked_->request;
  return !asked_->is_overtaken;
}

// The response in flight was taken for the answer to what was asked for, and is not. That is still
// to come.
void BridgeMachine::disown_response(SteadyTime now, BridgeActions& actions) {
  if (!in_flight_ || in_flight_->is_certain || in_flight_->request.empty()) return;
  asked_ = Asked{.what = std::exchange(in_flight_->cause, {}),
                 .at = now,
                 .request = std::exchange(in_flight_->request, {}),
                 .is_overtaken = true};
  for (AssistantItem& item : items_)
    if (item.response_id == in_flight_->id) item.kind = SpeechKind::reply;
  if (!holds_replies()) return;
  reply_was_held_ = true;
  interrupt(now, Interruption::no_listener, actions);
}

// That a notice was given is evidence. Where the service does not tell what a response answers,
// only one that says the notice's words is taken for it.
void BridgeMachine::check_notice(SteadyTime now, BridgeActions& actions) {
  if (in_flight_->is_certain || in_flight_->cause.kind != SpeechKind::notice) return;
  if (says_its_text(*in_flight_)) return;
  in_flight_->interrupted = true;  // it is over: nothing to cancel
  actions.push_back(NoteEvent{"recording_notice_mistaken", "{}"});
  disown_response(now, actions);
}

bool BridgeMachine::says_its_text(const Response& response) const {
  std::string text;
  for (const AssistantItem& item : items_)
    if (item.response_id == response.id) text += item.text;
  return letters_of(text) == letters_of(response.cause.text);
}

// ---- interrupting

AssistantItem* BridgeMachine::playing_notice(SteadyTime now) {
  for (AssistantItem& item : items_) {
    if (item.kind != SpeechKind::notice || item.interrupted || item.generated == 0) continue;
    if (item.has_unsent() || item.play_end > now) return &item;
  }
  return nullptr;
}

void BridgeMachine::interrupt(SteadyTime now, Interruption why, BridgeActions& actions) {
  const bool is_playing = play_out_.is_playing(now);
  const bool has_unsent = items_.any_unsent();
  if (why == Interruption::speech)
    if (const AssistantItem* notice = playing_notice(now)) {
      drop_behind_notice(now, notice->number, actions);
      return;
    }
  if ((is_playing || has_unsent) && caller_present_) {
    actions.push_back(StopPlaying{});
    ++interruptions_;
  }
  if (has_unsent) actions.push_back(DropBacklog{});
  const bool is_notice = in_flight_ && in_flight_->cause.kind == SpeechKind::notice;
  if (why == Interruption::no_listener || !is_notice)
    mute_response(now, why == Interruption::no_listener, actions);
  const bool was_stopped = is_playing || has_unsent;
  for (AssistantItem& item : items_) {
    if (item.interrupted || item.generated == 0) continue;
    std::int64_t heard = item.sent;  // nothing is taken back: all that was sent will be heard
    if (was_stopped)
      heard = item.is_complete() && item.play_end <= now - options_.downlink_estimate
                  ? item.generated
                  : play_out_.played_samples(item.number, now - options_.downlink_estimate);
    if (item.is_complete() && heard >= item.generated) continue;
    if (item.kind == SpeechKind::notice && why == Interruption::speech) continue;
    cut_item(now, item, std::min(heard, item.generated), actions,
             was_stopped ? cut_of(item, now) : std::nullopt);
  }
  if (was_stopped) play_out_.stop(now);
}

// The rest of the response in flight is not wanted. `cancel`: the server does not know that yet;
// after speech it does.
void BridgeMachine::mute_response(SteadyTime now, bool cancel, BridgeActions& actions) {
  if (!in_flight_ || in_flight_->interrupted) return;
  in_flight_->interrupted = true;
  in_flight_->interrupted_at = now;
  ignore_response(in_flight_->id);
  if (!cancel || !session_) return;
  in_flight_->cancel_sent = true;
  actions.push_back(CancelResponse{in_flight_->id});
}

// The notice goes on; what the assistant meant to say after it is taken back, as far as it is here.
void BridgeMachine::drop_behind_notice(SteadyTime now, ItemNumber notice, BridgeActions& actions) {
  if (items_.any_unsent()) actions.push_back(DropBacklog{.kept = notice});
  if (in_flight_ && in_flight_->cause.kind != SpeechKind::notice)
    mute_response(now, false, actions);
  for (AssistantItem& item : items_) {
    if (item.number == notice || item.interrupted || item.generated == 0) continue;
    if (item.is_complete() && !item.has_unsent()) continue;
    if (item.kind == SpeechKind::notice) continue;
    cut_item(now, item, item.sent, actions);
  }
}

// What verification needs to find in the recording where it was cut. Asked before the play-out
// queue is stopped; nullopt: nothing of it was played.
std::optional<TurnCut> BridgeMachine::cut_of(const AssistantItem& item, SteadyTime stop) const {
  if (!item.play_start || *item.play_start >= stop) return std::nullopt;
  return TurnCut{.stop_left = call_time(stop),
                 .played_until = call_time(std::min(stop, item.play_end)),
                 .generated = std::chrono::milliseconds(to_ms(item.generated)),
                 .words = words_of(item, item.words.size())};
}

void BridgeMachine::cut_item(SteadyTime now, AssistantItem& item, std::int64_t heard_samples,
                             BridgeActions& actions, std::optional<TurnCut> cut) {
  item.interrupted = true;
  item.generation_ended = true;
  ignore_response(item.response_id);
  if (item.kind == SpeechKind::apology) return;
  if (item.kind == SpeechKind::notice && !notice_said_noted_) {
    notice_is_complete_ = false;  // nobody heard all of it
    opening_ = OpeningPhase::waiting;
  }
  const std::int64_t heard_ms = to_ms(heard_samples);
  const std::int64_t generated_ms = to_ms(item.generated);
  const HeardText heard = cut_to_heard(item.text, item.words, heard_ms, generated_ms);

  Turn turn = turn_of(item);
  turn.start = call_time(item.play_start.value_or(now));
  const auto last = play_out_.time_of(item.number, std::max<std::int64_t>(0, heard_samples - 1));
  const SteadyTime heard_until = heard_samples > 0 ? last.value_or(item.play_end) : now;
  turn.end = std::max(turn.start, call_time(std::min(heard_until, std::max(now, item.play_end))));
  if (heard_samples == 0) turn.end = turn.start;
  turn.text = heard.text;
  turn.generated_text = heard.text == item.text ? "" : item.text;
  turn.interrupted = true;
  turn.cut_is_estimated = heard.is_estimated;
  turn.words = words_of(item, heard.words_heard);
  turn.cut = std::move(cut);
  item.saved = true;
  book_.remember(turn);
  save_turn(item, std::move(turn), actions);  // before the server forgets its text
  if (session_ && item.session_id == session_->facts.session_id)
    actions.push_back(TruncateItem{item.item_id, std::min(heard_ms, generated_ms)});
}

// ---- turns

Turn BridgeMachine::turn_of(const AssistantItem& item) const {
  return {.call = options_.call,
          .item_id = item.item_id,
          .session_id = item.session_id,
          .speaker = Speaker::assistant,
          .text = item.text};
}

std::vector<TurnWord> BridgeMachine::words_of(const AssistantItem& item, std::size_t count) const {
  std::vector<TurnWord> words;
  if (!item.play_start) return words;
  for (std::size_t i = 0; i < std::min(count, item.words.size()); ++i) {
    const SpokenWord& word = item.words[i];
    const std::int64_t sample = word.offset_ms * options_.rate_hz / 1000;
    const SteadyTime from =
        play_out_.time_of(item.number, sample)
            .value_or(*item.play_start + std::chrono::milliseconds(word.offset_ms));
    words.push_back({word.text, call_time(from),
                     call_time(from + std::chrono::milliseconds(word.duration_ms))});
  }
  return words;
}

void BridgeMachine::save_item(AssistantItem& item, BridgeActions& actions) {
  Turn turn = turn_of(item);
  turn.start = call_time(item.play_start.value_or(item.play_end));
  turn.end = std::max(turn.start, call_time(item.play_end));
  turn.words = words_of(item, item.words.size());
  item.saved = true;
  book_.remember(turn);
  save_turn(item, std::move(turn), actions);
}

// What was said while nothing may be kept is not. Of a turn that private time cuts, what was played
// before it stays, where word times tell it. (The conversation in memory, which a next session of
// the same assistant is given, has it all.)
void BridgeMachine::save_turn(const AssistantItem& item, Turn turn, BridgeActions& actions) const {
  if (const auto from = private_.first_in(turn.start, turn.end)) {
    const auto played = std::chrono::duration_cast<std::chrono::milliseconds>(*from - turn.start);
    HeardText kept = cut_to_heard(item.text, item.words, played.count(), to_ms(item.generated));
    if (kept.is_estimated || kept.text.empty()) return;
    turn.text = std::move(kept.text);
    turn.generated_text.clear();
    turn.cut.reset();
    turn.words = words_of(item, kept.words_heard);
    turn.end = *from;
  }
  // Or it would tell of words that were played in it.
  if (turn.cut && private_.first_in(turn.start, turn.cut->stop_left)) turn.cut.reset();
  actions.push_back(SaveTurn{std::move(turn)});
}

// A turn is saved when its last piece is sent, a moment before that is heard. Where word times do
// not tell what was heard before the pause, none of its words stay.
void BridgeMachine::retract_unheard(SteadyTime now, BridgeActions& actions) {
  for (AssistantItem& item : items_) {
    if (!item.saved || item.interrupted || item.play_end <= now) continue;
    const std::size_t saved_before = actions.size();
    save_item(item, actions);
    if (actions.size() > saved_before) continue;
    Turn turn = turn_of(item);
    turn.text.clear();
    turn.start = call_time(item.play_start.value_or(now));
    turn.end = std::max(turn.start, call_time(now));
    actions.push_back(SaveTurn{std::move(turn)});
  }
}

// The caller's words can be from private time only when the assistant was let to hear it.
void BridgeMachine::save_caller_turn(Turn turn, BridgeActions& actions) const {
  if (options_.assistant_hears_pauses && private_.first_in(turn.start, turn.end)) return;
  actions.push_back(SaveTurn{std::move(turn)});
}

BridgeActions BridgeMachine::save_complete_items() {
  BridgeActions actions;
  has_complete_item_ = false;
  save_complete_items(actions);
  return actions;
}

void BridgeMachine::save_complete_items(BridgeActions& actions) {
  for (AssistantItem& item : items_) {
    if (item.saved || item.interrupted || !item.play_start || !item.is_complete()) continue;
    if (item.kind != SpeechKind::apology) save_item(item, actions);
  }
}

}  // namespace earshot::bridge
