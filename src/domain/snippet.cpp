#include "domain/snippet.hpp"

#include "base/utf8.hpp"

#include <algorithm>

namespace earshot {
namespace {

constexpr std::string_view cut_mark = "\xe2\x80\xa6";  // …

char low(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

// So many characters back from `at`, or forward.
std::size_t back(std::string_view text, std::size_t at, std::size_t characters) {
  for (; characters > 0 && at > 0; --characters) do
      --at;
    while (at > 0 && continues(text[at]));
  return at;
}
std::size_t forward(std::string_view text, std::size_t at, std::size_t characters) {
  for (; characters > 0 && at < text.size(); --characters) do
      ++at;
    while (at < text.size() && continues(text[at]));
  return at;
}

// Line breaks and other controls as blanks, byte for byte.
std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; },
      ' ');
  return line;
}

}  // namespace

Snippet make_snippet(std::string_view text, std::string_view wanted, std::size_t around) {
  const auto found =
      std::ranges::search(text, wanted, [](char a, char b) { return low(a) == low(b); });
  const bool is_found = !wanted.empty() && !found.empty();
  const auto match = is_found ? static_cast<std::size_t>(found.begin() - text.begin()) : 0;
  const auto match_bytes = is_found ? wanted.size() : 0;
  const auto from = back(text, match, around);
  const auto to = forward(text, match + match_bytes, is_found ? around : 2 * around);
  Snippet snippet;
  if (from > 0) snippet.text += cut_mark;
  snippet.match_from = is_found ? snippet.text.size() + match - from : 0;
  snippet.match_bytes = match_bytes;
  snippet.text += on_one_line(text.substr(from, to - from));
  if (to < text.size()) snippet.text += cut_mark;
  return snippet;
}

}  // namespace earshot
