#pragma once
// Search over turn_texts: SQLite by its trigram index, or by scan for what is shorter than three
// characters; PostgreSQL by ILIKE, which uses its own index where there is one.

#include "ports/transcript_search.hpp"
#include "store/detail/connection.hpp"

#include <string>
#include <string_view>

namespace earshot::store {

// What a page ends with, and the next one begins behind.
struct SearchPosition {
  long long received_at = 0;
  std::string context_id;
  long long start_us = 0;
  std::string session_id;
  std::string item_id;
};
std::string write_cursor(const SearchPosition& position);
std::optional<SearchPosition> read_cursor(std::string_view text);
SearchPosition position_of(const TranscriptHit& hit);

// The promises of the port as to its input. Gives the text without blanks around it.
Result<std::string> check_search(const TranscriptQuery& query);

// FTS5's form of "this text and nothing else".
std::string fts_phrase(std::string_view text);
// LIKE's form of "with this text in it", with \ as escape.
std::string like_pattern(std::string_view text);

// One more than `limit`, where there are more. `text` is checked.
std::vector<TranscriptHit> search_turns(Connection& connection, const TranscriptQuery& query,
                                        const std::string& text);
// One bounded step of taking out of the index what is left of texts that are gone. True: more.
bool clear_search_index(Connection& connection);
// Cuts it to the limit and names the next page.
TranscriptPage page_of(std::vector<TranscriptHit> hits, int limit);

}  // namespace earshot::store
