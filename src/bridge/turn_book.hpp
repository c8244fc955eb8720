#pragma once
// The conversation so far: the caller's turns as their pieces arrive, in whatever order, and all
// finished turns, to be given to the next session. Times are call time. Pure; one thread.

#include "domain/turn.hpp"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace earshot::bridge {

class TurnBook {
 public:
  TurnBook(ContextId call, std::vector<Turn> conversation);

  void session_begins(std::string session_id);
  // Each gives the turn when it is to be saved, new or amended.
  std::optional<Turn> caller_started(const std::string& item_id, Duration start,
                                     std::int64_t session_start_ms);
  std::optional<Turn> caller_stopped(const std::string& item_id, Duration end);
  // An empty text for an item that has one already is a duplicate and changes nothing. `now` is for
  // a text whose speech was never announced.
  std::optional<Turn> caller_said(const std::string& item_id, std::string text,
                                  std::vector<TurnWord> words, Duration now);
  void caller_unintelligible(const std::string& item_id);
  // audio_start_ms as the session said it, of an item that is known.
  std::optional<std::int64_t> session_start_ms(const std::string& item_id) const;
  // No more is coming for the items of this session.
  std::vector<Turn> session_ends(Duration now);
  // Speech that has stopped and whose text has not come.
  bool awaits_text() const;

  // Into the conversation; replaces an older form of the same turn.
  void remember(const Turn& turn);
  // Ordered by start; without turns in which nothing was heard.
  std::vector<Turn> conversation() const;
  bool caller_spoke_last() const;
  // Changes whenever the conversation does.
  int version() const { return version_; }

  static constexpr std::size_t utterances_max = 64;  // finished ones go first, then the oldest
  static constexpr std::size_t turns_max = 256;      // of the conversation; the oldest go

 private:
  struct Utterance {
    std::string item_id;
    std::optional<Duration> start;
    std::optional<Duration> end;
    std::int64_t session_start_ms = 0;
    std::optional<Duration> said_at;  // text arrived
    bool failed = false;
    bool saved = false;
    std::string text;
    std::vector<TurnWord> words;
  };
  Utterance& utterance(const std::string& item_id);
  const Utterance* find(const std::string& item_id) const;
  std::optional<Turn> save_if_complete(Utterance& utterance);
  Turn make_turn(const Utterance& utterance, Duration fallback) const;

  ContextId call_;
  std::string session_id_;
  std::deque<Utterance> utterances_;
  std::deque<Turn> turns_;
  int version_ = 0;
};

}  // namespace earshot::bridge
