#pragma once
// Characters of text that came from outside, where any byte may be wrong.

#include <cstddef>
#include <string>
#include <string_view>

namespace earshot {

struct Utf8Character {
  std::size_t bytes = 0;  // 0: the text is empty, or does not begin with a well-formed character
  char32_t code = 0;
};
// No overlong forms, no surrogates. NUL is a character like others.
Utf8Character first_character(std::string_view text);

inline constexpr char32_t replacement_character = 0xfffd;
// Appends a code point that is one.
void append_character(std::string& text, char32_t code);

// How many characters there are, each bad byte counted as one.
std::size_t count_characters(std::string_view text);

}  // namespace earshot
