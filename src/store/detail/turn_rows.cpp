#include "store/detail/turn_rows.hpp"

#include "store/detail/call_rows.hpp"
#include "store/detail/field_text.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/words.hpp"

#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <utility>

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

namespace {

using Us = std::optional<Duration>;

Param us(std::string_view name, const Us& time) {
  Param param(name, static_cast<long long>(time.value_or(Duration{0}).count()));
  if (!time) param.value = std::monostate{};
  return param;
}

Us us_or_none(Row& row) {
  const auto number = row.number_or_none();
  return number ? Us(Duration(*number)) : std::nullopt;
}

void put_times(Connection& connection, const Turn& turn, const Params& key) {
  const auto& cut = turn.cut;
  const auto& verified = turn.verified;
  auto times = key;
  times.emplace_back("speaker", to_word(turn.speaker));
  times.emplace_back("start_us", static_cast<long long>(turn.start.count()));
  times.emplace_back("end_us", static_cast<long long>(turn.end.count()));
  times.emplace_back("interrupted", turn.interrupted ? 1LL : 0LL);
  times.emplace_back("cut_is_estimated", turn.cut_is_estimated ? 1LL : 0LL);
  times.push_back(us("cut_stop_us", cut ? Us(cut->stop_left) : Us()));
  times.push_back(us("cut_played_us", cut ? Us(cut->played_until) : Us()));
  times.push_back(us("cut_generated_us", cut ? Us(cut->generated) : Us()));
  times.push_back(us("verified_end_us", verified ? Us(verified->end) : Us()));
  times.push_back(us("verified_uncertainty_us", verified ? Us(verified->uncertainty) : Us()));
  times.emplace_back("verified_basis", verified ? to_word(verified->basis) : std::string_view());
  times.emplace_back("verified_is_estimated", verified && verified->is_estimated ? 1LL : 0LL);
  connection.execute(
      "INSERT INTO turns (context_id, session_id, item_id, speaker, start_us, end_us, interrupted, "
      "cut_is_estimated, cut_stop_us, cut_played_us, cut_generated_us, verified_end_us, "
      "verified_uncertainty_us, verified_basis, verified_is_estimated) VALUES (:context_id, "
      ":session_id, :item_id, :speaker, :start_us, :end_us, :interrupted, :cut_is_estimated, "
      ":cut_stop_us, :cut_played_us, :cut_generated_us, :verified_end_us, "
      ":verified_uncertainty_us, :verified_basis, :verified_is_estimated) ON CONFLICT (context_id, "
      "session_id, item_id) DO UPDATE SET speaker = excluded.speaker, start_us = "
      "excluded.start_us, end_us = excluded.end_us, interrupted = excluded.interrupted, "
      "cut_is_estimated = excluded.cut_is_estimated, cut_stop_us = excluded.cut_stop_us, "
      "cut_played_us = excluded.cut_played_us, cut_generated_us = excluded.cut_generated_us, "
      "verified_end_us = excluded.verified_end_us, verified_uncertainty_us = "
      "excluded.verified_uncertainty_us, verified_basis = excluded.verified_basis, "
      "verified_is_estimated = excluded.verified_is_estimated",
      times);
}

void put_texts(Connection& connection, const Turn& turn, const Params& key) {
  const auto& verified = turn.verified;
  auto texts = key;
  // What is searched is what is shown.
  texts.emplace_back("text", mend_text(verified ? verified->text : turn.text));
  texts.emplace_back("generated_text", mend_text(turn.generated_text));
  texts.emplace_back("words", write_words(turn.words));
  texts.emplace_back("cut_words", turn.cut ? write_words(turn.cut->words) : std::string());
  texts.emplace_back("bridge_text", verified ? mend_text(turn.text) : std::string());
  texts.emplace_back("verified_words", verified ? write_words(verified->words) : std::string());
  connection.execute(
      "INSERT INTO turn_texts (context_id, session_id, item_id, text, generated_text, words, "
      "cut_words, bridge_text, verified_words) VALUES (:context_id, :session_id, :item_id, :text, "
      ":generated_text, :words, :cut_words, :bridge_text, :verified_words) ON CONFLICT "
      "(context_id, session_id, item_id) DO UPDATE SET text = excluded.text, generated_text = "
      "excluded.generated_text, words = excluded.words, cut_words = excluded.cut_words, "
      "bridge_text = excluded.bridge_text, verified_words = excluded.verified_words",
      texts);
}

// The columns from `speaker` on.
void read_turn(Row& row, Turn& turn) {
  from_word(row.text(), turn.speaker);
  turn.start = Duration(row.number());
  turn.end = Duration(row.number());
  turn.interrupted = row.flag();
  turn.cut_is_estimated = row.flag();
  const Us stop = us_or_none(row);
  const Us played = us_or_none(row);
  const Us generated = us_or_none(row);
  if (stop)
    turn.cut = TurnCut{.stop_left = *stop,
                       .played_until = played.value_or(*stop),
                       .generated = generated.value_or(Duration{0}),
                       .words = {}};
  const Us end = us_or_none(row);
  const Us uncertainty = us_or_none(row);
  const std::string basis = row.text();
  const auto is_estimated = row.number_or_none();
  if (end) {
    turn.verified = VerifiedCut{.end = *end, .uncertainty = uncertainty.value_or(Duration{0})};
    from_word(basis, turn.verified->basis);
    turn.verified->is_estimated = is_estimated.value_or(0) != 0;
  }
  turn.text = row.text();
  turn.generated_text = row.text();
  turn.words = read_words(row.text());
  const auto cut_words = row.text();
  auto bridge_text = row.text();
  const auto verified_words = row.text();
  if (turn.cut) turn.cut->words = read_words(cut_words);
  if (!turn.verified) return;
  turn.verified->text = std::exchange(turn.text, std::move(bridge_text));
  turn.verified->words = read_words(verified_words);
}

}  // namespace

void put_turn(Connection& connection, const Turn& turn) {
  require_call(connection, turn.call);
  const Params key{
      {"context_id", turn.call}, {"session_id", turn.session_id}, {"item_id", turn.item_id}};
  put_times(connection, turn, key);
  put_texts(connection, turn, key);
}

std::vector<Turn> find_turns(Connection& connection, const ContextId& call) {
  if (!is_storable_id(call.text, context_id_bytes_max)) return {};
  // A turn whose text was erased stays, without text.
  auto rows = connection.query(
      "SELECT turns.session_id, turns.item_id, speaker, start_us, end_us, interrupted, "
      "cut_is_estimated, cut_stop_us, cut_played_us, cut_generated_us, verified_end_us, "
      "verified_uncertainty_us, verified_basis, verified_is_estimated, text, generated_text, "
      "words, cut_words, bridge_text, verified_words FROM turns LEFT JOIN turn_texts ON "
      "turn_texts.context_id = turns.context_id AND turn_texts.session_id = turns.session_id AND "
      "turn_texts.item_id = turns.item_id WHERE turns.context_id = :context_id ORDER BY start_us, "
      "end_us, turns.session_id, turns.item_id",
      20, {{"context_id", call}});
  std::vector<Turn> turns;
  turns.reserve(rows.size());
  for (auto& row : rows) {
    Turn turn{.call = call};
    turn.session_id = row.text();
    turn.item_id = row.text();
    read_turn(row, turn);
    turns.push_back(std::move(turn));
  }
  return turns;
}

}  // namespace earshot::store
