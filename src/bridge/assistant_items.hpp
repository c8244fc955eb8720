#pragma once
// The assistant's utterances that are not over yet: how much of each was generated, sent and
// played, and what it says. Samples are the phone side's. Pure; one thread.

#include "bridge/play_out_queue.hpp"
#include "domain/heard_text.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::bridge {

// Why the assistant speaks.
enum class SpeechKind {
  reply,   // to the caller, of its own accord
  notice,  // that the call is recorded: not to be interrupted
  greeting,
  prompt,   // to an idle caller
  resume,   // asked for after a lost connection
  apology,  // our own notice that the assistant is unreachable: no session knows of it
};

struct AssistantItem {
  ItemNumber number = no_item;
  std::string item_id;
  std::string response_id;
  std::string session_id;
  SpeechKind kind = SpeechKind::reply;
  std::int64_t generated = 0;
  std::int64_t sent = 0;
  std::int64_t lost = 0;  // dropped by a bound, or because nobody was there
  std::optional<SteadyTime> play_start;
  SteadyTime play_end{};
  bool generation_ended = false;
  bool interrupted = false;  // nothing more of it is played
  bool saved = false;        // its turn
  std::string text;
  std::vector<SpokenWord> words;

  bool has_unsent() const { return !interrupted && sent + lost < generated; }
  bool is_complete() const { return generation_ended && sent + lost >= generated; }
};

class AssistantItems {
 public:
  AssistantItem* find(std::string_view item_id);
  AssistantItem* find(ItemNumber number);
  AssistantItem& add(std::string item_id, std::string response_id, SpeechKind kind);
  // Those that are over by `now` need not be remembered any longer.
  void forget_over(SteadyTime now);
  void end_generation(std::string_view response_id);
  void end_generation_of_all();
  bool any_unsent() const;

  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

  static constexpr std::size_t items_max = 64;  // the oldest are forgotten
  static constexpr std::size_t items_kept = 8;  // over, but a late text may come

 private:
  std::deque<AssistantItem> items_;
  ItemNumber last_ = no_item;
};

}  // namespace earshot::bridge
