#include "bridge/turn_book.hpp"

#include <algorithm>

namespace earshot::bridge {

TurnBook::TurnBook(ContextId call, std::vector<Turn> conversation) : call_(std::move(call)) {
  for (Turn& turn : conversation) remember(turn);
}

void TurnBook::session_begins(std::string session_id) {
  session_id_ = std::move(session_id);
  utterances_.clear();
}

TurnBook::Utterance& TurnBook::utterance(const std::string& item_id) {
  const auto found = std::ranges::find(utterances_, item_id, &Utterance::item_id);
  if (found != utterances_.end()) return *found;
  // Finished ones make room first: they stay only to recognise duplicates.
  if (utterances_.size() == utterances_max) {
    const auto finished = std::ranges::find_if(
        utterances_, [](const Utterance& known) { return known.saved && known.said_at; });
    utterances_.erase(finished == utterances_.end() ? utterances_.begin() : finished);
  }
  utterances_.push_back(Utterance{.item_id = item_id});
  return utterances_.back();
}

const TurnBook::Utterance* TurnBook::find(const std::string& item_id) const {
  const auto found = std::ranges::find(utterances_, item_id, &Utterance::item_id);
  return found == utterances_.end() ? nullptr : &*found;
}

Turn TurnBook::make_turn(const Utterance& utterance, Duration fallback) const {
  Turn turn{.call = call_,
            .item_id = utterance.item_id,
            .session_id = session_id_,
            .speaker = Speaker::caller};
  turn.start = utterance.start.value_or(utterance.end.value_or(fallback));
  turn.end = std::max(turn.start, utterance.end.value_or(std::max(turn.start, fallback)));
  turn.text = utterance.text;
  turn.words = utterance.words;
  return turn;
}

std::optional<Turn> TurnBook::save_if_complete(Utterance& utterance) {
  if (!utterance.start || !utterance.end) return std::nullopt;
  utterance.saved = true;
  Turn turn = make_turn(utterance, *utterance.end);
  remember(turn);
  return turn;
}

std::optional<Turn> TurnBook::caller_started(const std::string& item_id, Duration start,
                                             std::int64_t session_start_ms) {
  Utterance& known = utterance(item_id);
  if (known.start) return std::nullopt;  // announced twice
  known.start = start;
  known.session_start_ms = session_start_ms;
  return save_if_complete(known);
}

std::optional<Turn> TurnBook::caller_stopped(const std::string& item_id, Duration end) {
  Utterance& known = utterance(item_id);
  if (known.end) return std::nullopt;
  known.end = end;
  return save_if_complete(known);
}

std::optional<Turn> TurnBook::caller_said(const std::string& item_id, std::string text,
                                          std::vector<TurnWord> words, Duration now) {
  Utterance& known = utterance(item_id);
  if (known.said_at && (text.empty() || text == known.text)) return std::nullopt;
  known.said_at = now;
  if (text.empty()) return std::nullopt;
  known.text = std::move(text);
  known.words = std::move(words);
  return save_if_complete(known);
}

void TurnBook::caller_unintelligible(const std::string& item_id) {
  Utterance& known = utterance(item_id);
  known.failed = true;
}

std::optional<std::int64_t> TurnBook::session_start_ms(const std::string& item_id) const {
  const Utterance* known = find(item_id);
  if (known == nullptr || !known->start) return std::nullopt;
  return known->session_start_ms;
}

std::vector<Turn> TurnBook::session_ends(Duration now) {
  std::vector<Turn> turns;
  for (Utterance& known : utterances_) {
    if (known.saved) continue;
    known.saved = true;
    turns.push_back(make_turn(known, known.said_at.value_or(now)));
    remember(turns.back());
  }
  utterances_.clear();
  return turns;
}

bool TurnBook::awaits_text() const {
  return std::ranges::any_of(utterances_, [](const Utterance& known) {
    return known.start && !known.said_at && !known.failed;
  });
}

void TurnBook::remember(const Turn& turn) {
  ++version_;
  const auto found = std::ranges::find_if(turns_, [&](const Turn& known) {
    return known.item_id == turn.item_id && known.session_id == turn.session_id;
  });
  if (found != turns_.end()) {
    *found = turn;
    return;
  }
  if (turns_.size() == turns_max) turns_.pop_front();
  turns_.push_back(turn);
}

std::vector<Turn> TurnBook::conversation() const {
  std::vector<Turn> turns;
  for (const Turn& turn : turns_)
    if (!turn.text.empty())
      turns.insert(std::ranges::upper_bound(turns, turn.start, {}, &Turn::start), turn);
  return turns;
}

bool TurnBook::caller_spoke_last() const {
  const std::vector<Turn> turns = conversation();
  return !turns.empty() && turns.back().speaker == Speaker::caller;
}

}  // namespace earshot::bridge
