#pragma once
// The detail of a journal entry: one JSON object of texts.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace earshot {

using JournalField = std::pair<std::string_view, std::string>;

// {"recording":"…","reason":"…"}
std::string journal_detail(std::initializer_list<JournalField> fields);
// "…" with what JSON forbids escaped.
std::string json_quoted(std::string_view text);

}  // namespace earshot
