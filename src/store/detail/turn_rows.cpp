#include "store/detail/turn_rows.hpp"

#include "store/detail/call_rows.hpp"
#include "store/detail/field_text.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/words.hpp"

#include <charconv>
#include <fmt/format.h>

namespace earshot::store {
namespace {

[[noreturn]] void damaged_words() {
  throw DatabaseError(
      {.kind = ErrorKind::corrupt, .message = "the database holds words of a turn out of form"},
      false);
}

// Reads a number and the space after it.
Duration take_time(std::string_view& line) {
  long long us = 0;
  const auto [at, error] = std::from_chars(line.data(), line.data() + line.size(), us);
  const auto length = static_cast<std::size_t>(at - line.data());
  if (error != std::errc() || length >= line.size() || line[length] != ' ') damaged_words();
  line.remove_prefix(length + 1);
  return Duration(us);
}

TurnWord read_word(std::string_view line) {
  TurnWord word;
  word.start = take_time(line);
  word.end = take_time(line);
  auto text = unescape_text(line);
  if (!text) damaged_words();
  word.text = std::move(*text);
  return word;
}

}  // namespace

std::string write_words(const std::vector<TurnWord>& words) {
  std::string text;
  for (const auto& word : words)
    text += fmt::format("{} {} {}\n", word.start.count(), word.end.count(), escape_text(word.text));
  return text;
}

std::vector<TurnWord> read_words(std::string_view text) {
  std::vector<TurnWord> words;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) damaged_words();
    words.push_back(read_word(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return words;
}

void put_turn(Connection& connection, const Turn& turn) {
  require_call(connection, turn.call);
  const Params key{
      {"context_id", turn.call}, {"session_id", turn.session_id}, {"item_id", turn.item_id}};
  auto times = key;
  times.emplace_back("speaker", to_word(turn.speaker));
  times.emplace_back("start_us", static_cast<long long>(turn.start.count()));
  times.emplace_back("end_us", static_cast<long long>(turn.end.count()));
  times.emplace_back("interrupted", turn.interrupted ? 1LL : 0LL);
  times.emplace_back("cut_is_estimated", turn.cut_is_estimated ? 1LL : 0LL);
  connection.execute(
      "INSERT INTO turns (context_id, session_id, item_id, speaker, start_us, end_us, interrupted, "
      "cut_is_estimated) VALUES (:context_id, :session_id, :item_id, :speaker, :start_us, :end_us, "
      ":interrupted, :cut_is_estimated) ON CONFLICT (context_id, session_id, item_id) DO UPDATE "
      "SET "
      "speaker = excluded.speaker, start_us = excluded.start_us, end_us = excluded.end_us, "
      "interrupted = excluded.interrupted, cut_is_estimated = excluded.cut_is_estimated",
      times);
  auto texts = key;
  texts.emplace_back("text", mend_text(turn.text));
  texts.emplace_back("generated_text", mend_text(turn.generated_text));
  texts.emplace_back("words", write_words(turn.words));
  connection.execute(
      "INSERT INTO turn_texts (context_id, session_id, item_id, text, generated_text, words) "
      "VALUES "
      "(:context_id, :session_id, :item_id, :text, :generated_text, :words) ON CONFLICT "
      "(context_id, session_id, item_id) DO UPDATE SET text = excluded.text, generated_text = "
      "excluded.generated_text, words = excluded.words",
      texts);
}

std::vector<Turn> find_turns(Connection& connection, const ContextId& call) {
  if (!is_storable_id(call.text, context_id_bytes_max)) return {};
  // A turn whose text was erased stays, without text.
  auto rows = connection.query(
      "SELECT turns.session_id, turns.item_id, speaker, start_us, end_us, interrupted, "
      "cut_is_estimated, text, generated_text, words FROM turns LEFT JOIN turn_texts ON "
      "turn_texts.context_id = turns.context_id AND turn_texts.session_id = turns.session_id AND "
      "turn_texts.item_id = turns.item_id WHERE turns.context_id = :context_id ORDER BY start_us, "
      "end_us, turns.session_id, turns.item_id",
      10, {{"context_id", call}});
  std::vector<Turn> turns;
  for (auto& row : rows) {
    Turn turn{.call = call};
    turn.session_id = row.text();
    turn.item_id = row.text();
    from_word(row.text(), turn.speaker);
    turn.start = Duration(row.number());
    turn.end = Duration(row.number());
    turn.interrupted = row.flag();
    turn.cut_is_estimated = row.flag();
    turn.text = row.text();
    turn.generated_text = row.text();
    turn.words = read_words(row.text());
    turns.push_back(std::move(turn));
  }
  return turns;
}

}  // namespace earshot::store
