#include "store/detail/search_rows.hpp"

#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "store/detail/field_text.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <limits>

namespace earshot::store {
namespace {

// The index's entries are of three characters.
constexpr std::size_t indexed_characters_min = 3;
constexpr std::size_t cursor_bytes_max = 8'192;

bool take_number(std::string_view text, long long& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool by_index(const Connection& connection, const std::string& text) {
  return connection.database() == Database::sqlite &&
         count_characters(text) >= indexed_characters_min;
}

constexpr std::string_view columns =
    "SELECT c.received_at, t.context_id, t.session_id, t.item_id, t.speaker, t.start_us, t.end_us, "
    "x.text FROM ";
constexpr std::string_view joined =
    "JOIN turns t ON t.context_id = x.context_id AND t.session_id = x.session_id AND t.item_id = "
    "x.item_id JOIN calls c ON c.context_id = x.context_id WHERE ";
constexpr std::string_view bounded =
    " AND c.received_at >= CAST(:from_at AS BIGINT) AND c.received_at < CAST(:to_at AS BIGINT)";
constexpr std::string_view behind =
    " AND (c.received_at < CAST(:received_at AS BIGINT) OR (c.received_at = CAST(:received_at2 AS "
    "BIGINT) AND (t.context_id < :context_id OR (t.context_id = :context_id2 AND (t.start_us > "
    "CAST(:start_us AS BIGINT) OR (t.start_us = CAST(:start_us2 AS BIGINT) AND (t.session_id > "
    ":session_id OR (t.session_id = :session_id2 AND t.item_id > :item_id))))))))";
constexpr std::string_view ordered =
    " ORDER BY c.received_at DESC, t.context_id DESC, t.start_us, t.session_id, t.item_id LIMIT "
    "CAST(:row_limit AS BIGINT)";

std::string statement(const Connection& connection, bool indexed, bool first_page) {
  std::string sql(columns);
  if (indexed) {
    sql +=
        "turn_index i JOIN turn_numbers n ON n.number = i.rowid JOIN turn_texts x ON "
        "x.context_id = n.context_id AND x.session_id = n.session_id AND x.item_id = n.item_id ";
    sql += joined;
    sql += "turn_index MATCH :wanted";
  } else {
    sql += "turn_texts x ";
    sql += joined;
    sql += connection.database() == Database::sqlite ? "x.text LIKE :wanted ESCAPE '\\'"
                                                     : "x.text ILIKE :wanted ESCAPE '\\'";
  }
  sql += bounded;
  if (!first_page) sql += behind;
  sql += ordered;
  return sql;
}

}  // namespace

std::string write_cursor(const SearchPosition& position) {
  return base64::encode_url(as_bytes(fmt::format(
      "{}\n{}\n{}\n{}\n{}", position.received_at, escape_text(position.context_id),
      position.start_us, escape_text(position.session_id), escape_text(position.item_id))));
}

std::optional<SearchPosition> read_cursor(std::string_view text) {
  if (text.size() > cursor_bytes_max) return std::nullopt;
  const auto bytes = base64::decode_url(text);
  if (!bytes) return std::nullopt;
  std::array<std::string, 5> fields;
  std::string_view rest = as_text(*bytes);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto end = rest.find('\n');
    if ((end == std::string_view::npos) != (i + 1 == fields.size())) return std::nullopt;
    auto field = unescape_text(rest.substr(0, end));
    if (!field || !is_storable_id(*field)) return std::nullopt;
    fields[i] = std::move(*field);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  SearchPosition position{.context_id = fields[1], .session_id = fields[3], .item_id = fields[4]};
  if (!take_number(fields[0], position.received_at) || !take_number(fields[2], position.start_us))
    return std::nullopt;
  return position;
}

SearchPosition position_of(const TranscriptHit& hit) {
  return {.received_at = to_unix_us(hit.received_at),
          .context_id = hit.call.text,
          .start_us = hit.start.count(),
          .session_id = hit.session_id,
          .item_id = hit.item_id};
}

Result<std::string> check_search(const TranscriptQuery& query) {
  // As turns are stored, so that what cannot be stored is not found either.
  std::string text = mend_text(query.text);
  constexpr std::string_view blanks = " \t\r\n";
  text.erase(0, std::min(text.find_first_not_of(blanks), text.size()));
  text.erase(text.find_last_not_of(blanks) + 1);
  if (text.empty()) return fail(ErrorKind::invalid, "there is no text to search for");
  if (count_characters(text) > search_characters_max)
    return fail(
        ErrorKind::invalid,
        fmt::format("the text to search for has more than {} characters", search_characters_max));
  if (query.limit < 1 || query.limit > search_limit_max)
    return fail(ErrorKind::invalid,
                fmt::format("limit takes a whole number from 1 to {}", search_limit_max));
  if (!query.cursor.empty() && !read_cursor(query.cursor))
    return fail(ErrorKind::invalid, "cursor takes what `next` of the page before gave");
  return text;
}

std::string fts_phrase(std::string_view text) {
  std::string phrase = "\"";
  for (const char letter : text) {
    if (letter == '"') phrase += '"';
    phrase += letter;
  }
  return phrase + '"';
}

std::string like_pattern(std::string_view text) {
  std::string pattern = "%";
  for (const char letter : text) {
    if (letter == '%' || letter == '_' || letter == '\\') pattern += '\\';
    pattern += letter;
  }
  return pattern + '%';
}

std::vector<TranscriptHit> search_turns(Connection& connection, const TranscriptQuery& query,
                                        const std::string& text) {
  const bool indexed = by_index(connection, text);
  const auto position = read_cursor(query.cursor);
  const bool first_page = query.cursor.empty() || !position;
  constexpr auto least = std::numeric_limits<long long>::min();
  constexpr auto most = std::numeric_limits<long long>::max();
  Params params{{"wanted", indexed ? fts_phrase(text) : like_pattern(text)},
                {"from_at", query.from ? to_unix_us(*query.from) : least},
                {"to_at", query.to ? to_unix_us(*query.to) : most}};
  if (!first_page) {
    params.emplace_back("received_at", position->received_at);
    params.emplace_back("received_at2", position->received_at);
    params.emplace_back("context_id", position->context_id);
    params.emplace_back("context_id2", position->context_id);
    params.emplace_back("start_us", position->start_us);
    params.emplace_back("start_us2", position->start_us);
    params.emplace_back("session_id", position->session_id);
    params.emplace_back("session_id2", position->session_id);
    params.emplace_back("item_id", position->item_id);
  }
  params.emplace_back("row_limit", static_cast<long long>(query.limit) + 1);
  auto rows = connection.query(statement(connection, indexed, first_page), 8, params);
  std::vector<TranscriptHit> hits;
  for (auto& row : rows) {
    TranscriptHit hit{.received_at = row.time()};
    hit.call.text = row.text();
    hit.session_id = row.text();
    hit.item_id = row.text();
    from_word(row.text(), hit.speaker);
    hit.start = Duration(row.number());
    hit.end = Duration(row.number());
    hit.text = row.text();
    hits.push_back(std::move(hit));
  }
  return hits;
}

// FTS5 keeps the entries of a text that was deleted, with a note that they are gone, until the
// parts of the index that hold both are merged. This merges all of them into one, some pages at a
// time (https://www.sqlite.org/fts5.html, "The 'merge' command"): a step that changes fewer than
// two rows had nothing to do.
bool clear_search_index(Connection& connection) {
  if (connection.database() != Database::sqlite) return false;
  const auto changes = [&] { return connection.query("SELECT total_changes()", 1).at(0).number(); };
  const auto before = changes();
  connection.execute("INSERT INTO turn_index (turn_index, rank) VALUES ('merge', -500)");
  return changes() - before >= 2;
}

TranscriptPage page_of(std::vector<TranscriptHit> hits, int limit) {
  TranscriptPage page{.hits = std::move(hits)};
  if (page.hits.size() <= static_cast<std::size_t>(limit)) return page;
  page.hits.resize(static_cast<std::size_t>(limit));
  page.next = write_cursor(position_of(page.hits.back()));
  return page;
}

}  // namespace earshot::store
