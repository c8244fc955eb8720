// Sessions of a call: opened, lost and tried again, replaced before their time is up, given up. And
// callers who say nothing.

#include "bridge/bridge_machine.hpp"
#include "bridge/detail/note_json.hpp"

#include <algorithm>
#include <array>

namespace earshot::bridge {

namespace {

// The first four are the other side's advice; the rest keep a call that is not hung up from using
// up the quota of connects.
constexpr std::array<Duration, 7> retry_delays = {250ms, 500ms, 1s, 2s, 4s, 8s, 15s};

}  // namespace

BridgeActions BridgeMachine::start(SteadyTime now) {
  BridgeActions actions;
  lost_since_ = now;
  last_activity_ = now;
  request_session(now, actions);
  return actions;
}

void BridgeMachine::request_session(SteadyTime, BridgeActions& actions) {
  if (opening_session_) return;
  opening_session_ = true;
  retry_at_.reset();
  conversation_version_ = book_.version();
  actions.push_back(OpenSession{book_.conversation()});
}

BridgeActions BridgeMachine::session_opened(SteadyTime now, SessionFacts facts) {
  BridgeActions actions;
  opening_session_ = false;
  if (is_leaving()) {
    actions.push_back(DiscardSession{});
    return actions;
  }
  if (session_) {
    const bool is_due = now >= session_->rotate_at + rotation_forced_after;
    if (!is_due && (!is_quiet(now) || conversation_version_ != book_.version())) {
      rotation_retry_at_ = now + rotation_retry;
      actions.push_back(DiscardSession{});
      return actions;
    }
    for (Turn& turn : book_.session_ends(call_time(now)))
      save_caller_turn(std::move(turn), actions);
    items_.end_generation_of_all();
    save_complete_items(actions);
    actions.push_back(NoteEvent{"session_rotated", "{}"});
  }
  adopt(now, std::move(facts), actions);
  return actions;
}

void BridgeMachine::adopt(SteadyTime now, SessionFacts facts, BridgeActions& actions) {
  actions.push_back(AdoptSession{});
  take_back_asked();
  in_flight_.reset();
  functions_.clear();
  caller_speaking_ = false;
  session_clock_ = SessionClock();
  book_.session_begins(facts.session_id);
  SteadyTime rotate_at = now + options_.session_rotate_after;
  if (facts.expires_at) rotate_at = std::min(rotate_at, *facts.expires_at - expiry_margin);
  // A session that is said to expire at once would be replaced without end.
  rotate_at = std::max(rotate_at, now + SteadyTime::duration(rotation_retry));
  session_ = Session{std::move(facts), rotate_at};
  lost_since_.reset();
  retry_at_.reset();
  rotation_retry_at_.reset();
  attempts_ = 0;
  if (was_unreachable_) actions.push_back(TellAssistantState{true, "reached again"});
  was_unreachable_ = false;
  advance_opening(now, actions);
  want_resume(now, actions);
  speak_next(now, actions);
}

BridgeActions BridgeMachine::open_failed(SteadyTime now, const Error& error) {
  BridgeActions actions;
  opening_session_ = false;
  actions.push_back(NoteEvent{"session_not_opened", note_json("reason", error.message)});
  if (hanging_up_) return actions;
  if (session_) {
    rotation_retry_at_ = now + rotation_retry;
    return actions;
  }
  schedule_retry(now, std::chrono::milliseconds(error.retry_after_ms));
  if (!worth_retrying(error)) give_up(now, error.message, actions);
  return actions;
}

void BridgeMachine::schedule_retry(SteadyTime now, Duration at_least) {
  const auto step = std::min(static_cast<std::size_t>(attempts_), retry_delays.size() - 1);
  ++attempts_;
  const double jittered =
      static_cast<double>(retry_delays[step].count()) * (0.75 + 0.5 * random_.next_unit());
  retry_at_ = now + std::max(Duration(static_cast<Duration::rep>(jittered)), at_least);
  // Not slept through: whoever is back by then is not given up.
  if (!lost_since_ || at_least > Duration{0}) return;
  const SteadyTime last = *lost_since_ + options_.assistant_lost_max - last_try_before;
  if (now < last) retry_at_ = std::min(*retry_at_, last);
}

// What was asked for and not begun is asked for again, first.
void BridgeMachine::take_back_asked() {
  if (asked_) wanted_.push_front(std::move(asked_->what));
  asked_.reset();
}

void BridgeMachine::lose_session(SteadyTime now, bool may_retry, const std::string& reason,
                                 BridgeActions& actions) {
  if (!session_) return;
  actions.push_back(NoteEvent{"session_lost", note_json("reason", reason)});
  for (Turn& turn : book_.session_ends(call_time(now))) save_caller_turn(std::move(turn), actions);
  // What was generated is played on: nobody is there to hear an interruption, and the end of a
  // sentence is worth more to the caller than silence.
  items_.end_generation_of_all();
  save_complete_items(actions);
  take_back_asked();
  const bool reply_in_flight = in_flight_ && in_flight_->cause.kind != SpeechKind::prompt;
  reply_was_lost_ =
      reply_was_lost_ || reply_in_flight || caller_speaking_ || book_.caller_spoke_last();
  if (in_flight_) {
    const Wanted cause = in_flight_->cause;
    const bool was_begun = std::ranges::any_of(items_, [&](const AssistantItem& item) {
      return item.response_id == in_flight_->id && item.generated > 0;
    });
    if (cause.kind == SpeechKind::notice) {
      opening_ = OpeningPhase::waiting;
    } else if (cause.kind == SpeechKind::greeting && !was_begun) {
      wanted_.push_front(cause);
    } else if (cause.kind == SpeechKind::greeting) {
      opening_ = OpeningPhase::done;
    }
  }
  in_flight_.reset();
  caller_speaking_ = false;
  session_.reset();
  lost_since_ = now;
  attempts_ = 0;
  if (!opening_session_) schedule_retry(now, Duration{0});
  if (!may_retry) give_up(now, reason, actions);
}

// ---- unreachable

void BridgeMachine::give_up(SteadyTime now, const std::string& reason, BridgeActions& actions) {
  if (was_unreachable_ || hanging_up_) return;
  was_unreachable_ = true;
  actions.push_back(TellAssistantState{false, reason});
  if (caller_present_) {
    AssistantItem& item = items_.add("", "", SpeechKind::apology);
    apology_ = item.number;
    apology_deadline_ = now + apology_time_max;
    actions.push_back(PlayApology{apology_});
  } else if (options_.hang_up_when_unreachable) {
    hang_up("the assistant is unreachable", actions);
  }
}

void BridgeMachine::tick_apology(SteadyTime now, BridgeActions& actions) {
  if (!apology_deadline_) return;
  const AssistantItem* item = items_.find(apology_);
  const bool is_heard =
      item == nullptr || item->interrupted ||
      (item->is_complete() && item->play_end + options_.downlink_estimate + apology_grace <= now);
  if (!is_heard && now < *apology_deadline_) return;
  apology_deadline_.reset();
  if (options_.hang_up_when_unreachable) hang_up("the assistant is unreachable", actions);
}

void BridgeMachine::hang_up(const std::string& reason, BridgeActions& actions) {
  if (hanging_up_) return;
  hanging_up_ = true;
  actions.push_back(HangUp{reason});
}

// ---- time

bool BridgeMachine::is_quiet(SteadyTime now) const {
  return !in_flight_ && !asked_ && wanted_.empty() && !caller_speaking_ &&
         !play_out_.is_playing(now) && !items_.any_unsent() && !book_.awaits_text();
}

// The apology is being played, and after it the call ends.
bool BridgeMachine::is_leaving() const {
  return hanging_up_ || (apology_deadline_ && options_.hang_up_when_unreachable);
}

void BridgeMachine::tick_session(SteadyTime now, BridgeActions& actions) {
  if (is_leaving()) return;
  if (!session_) {
    if (retry_at_ && now >= *retry_at_) request_session(now, actions);
    if (lost_since_ && now - *lost_since_ >= options_.assistant_lost_max)
      give_up(now, "no session within the time allowed", actions);
    return;
  }
  if (opening_session_ || now < session_->rotate_at) return;
  if (rotation_retry_at_ && now < *rotation_retry_at_) return;
  const bool is_due = now >= session_->rotate_at + rotation_forced_after;
  if (is_quiet(now) || is_due) {
    request_session(now, actions);
  } else {
    rotation_retry_at_ = now + 1s;
  }
}

SteadyTime BridgeMachine::idle_since() const { return std::max(last_activity_, counted_play_end_); }

bool BridgeMachine::watches_idle() const {
  return options_.idle_caller_max > Duration{0} && session_ && caller_present_ && !hanging_up_ &&
         !caller_speaking_ && opening_ == OpeningPhase::done && !in_flight_ &&
         !items_.any_unsent() && !private_.is_on();
}

void BridgeMachine::tick_idle(SteadyTime now, BridgeActions& actions) {
  if (!watches_idle()) return;
  const Duration idle = std::chrono::duration_cast<Duration>(now - idle_since());
  if (idle >= options_.idle_caller_max) {
    actions.push_back(NoteEvent{"caller_idle", "{}"});
    hang_up("nobody spoke", actions);
    return;
  }
  if (idle >= options_.idle_caller_max / 2 && !idle_prompted_ &&
      !options_.idle_caller_prompt.empty()) {
    idle_prompted_ = true;
    want({SpeechKind::prompt, options_.idle_caller_prompt}, actions, now);
  }
}

std::optional<SteadyTime> BridgeMachine::next_wake() const {
  if (hanging_up_) return std::nullopt;
  std::optional<SteadyTime> wake;
  const auto consider = [&](std::optional<SteadyTime> time) {
    if (time && (!wake || *time < *wake)) wake = time;
  };
  consider(opening_wake());
  if (asked_) consider(asked_->at + ask_timeout);
  for (const PendingFunction& function : functions_) consider(function.give_up_at);
  if (session_ && !opening_session_ && !is_leaving())
    consider(std::max(session_->rotate_at, rotation_retry_at_.value_or(session_->rotate_at)));
  if (const auto end = notice_end(); end && !notice_waits_for_frame_)
    consider(*end + options_.downlink_estimate);
  if (!session_ && !is_leaving() && !opening_session_) consider(retry_at_);
  if (!session_ && lost_since_ && !was_unreachable_)
    consider(*lost_since_ + options_.assistant_lost_max);
  if (apology_deadline_) {
    consider(apology_deadline_);
    for (const AssistantItem& item : items_)
      if (item.number == apology_ && item.is_complete())
        consider(item.play_end + options_.downlink_estimate + apology_grace);
  }
  if (watches_idle()) {
    if (!idle_prompted_ && !options_.idle_caller_prompt.empty())
      consider(idle_since() + options_.idle_caller_max / 2);
    consider(idle_since() + options_.idle_caller_max);
  }
  return wake;
}

}  // namespace earshot::bridge
