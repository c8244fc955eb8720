#pragma once
// The tables turns (when) and turn_texts (what was said). All functions throw DatabaseError.

#include "domain/turn.hpp"
#include "store/detail/connection.hpp"

#include <vector>

namespace earshot::store {

// `not_found` when the call is not stored.
void put_turn(Connection& connection, const Turn& turn);
std::vector<Turn> find_turns(Connection& connection, const ContextId& call);  // by start

// A word's times and text, one a line.
std::string write_words(const std::vector<TurnWord>& words);
std::vector<TurnWord> read_words(std::string_view text);

}  // namespace earshot::store
