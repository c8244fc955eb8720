#pragma once
// Walks over JSON text of a shape known beforehand, in place and without a copy, for messages that
// come 50 times a second and call. It only ever accepts what a JSON parser would read the same way;
// at a surprise (an escape, another nesting, text that is not ASCII) it says no, and the caller
// hands the message to a parser.

#include <cstddef>
#include <optional>
#include <string_view>

namespace earshot {

// Is this padded base64? Decodes nothing; without an early way out, so that the compiler makes
// vector code of it.
inline bool is_base64_text(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  unsigned bad = 0;
  for (std::size_t i = 0; i + padding < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool good = (c >= 'A' && c <= 'Z') | (c >= 'a' && c <= 'z') | (c >= '0' && c <= '9') |
                      (c == '+') | (c == '/');
    bad |= static_cast<unsigned>(!good);
  }
  return bad == 0;
}

class JsonWalker {
 public:
  explicit JsonWalker(std::string_view text) : rest_(text) {}

  void skip_blanks() {
    while (!rest_.empty() &&
           (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t' || rest_[0] == '\r'))
      rest_.remove_prefix(1);
  }
  // Exactly this, and nothing is taken otherwise.
  bool literal(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  // One mark such as a brace or comma, with blanks around it.
  bool mark(char c) {
    skip_blanks();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    skip_blanks();
    return true;
  }
  // A string of printable ASCII without escapes.
  std::optional<std::string_view> plain_string() {
    if (!literal("\"")) return std::nullopt;
    std::size_t end = 0;
    for (; end < rest_.size() && rest_[end] != '"'; ++end)
      if (rest_[end] < 0x20 || rest_[end] == '\\' || rest_[end] == 0x7f) return std::nullopt;
    return finish_string(end);
  }
  // A long string that is not looked into: the caller checks that it holds base64 only, in which a
  // quote or an escape cannot hide.
  std::optional<std::string_view> raw_string() {
    if (!literal("\"")) return std::nullopt;
    return finish_string(rest_.find('"'));
  }
  // true, false, null or a plain whole number, passed over; nothing is taken of anything else.
  bool skip_scalar() {
    if (literal("true") || literal("false") || literal("null")) return true;
    auto rest = rest_;
    if (rest.starts_with('-')) rest.remove_prefix(1);
    std::size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') ++digits;
    if (digits == 0 || digits > 18 || (digits > 1 && rest[0] == '0')) return false;
    rest.remove_prefix(digits);
    // A fraction or an exponent is for the parser.
    if (!rest.empty() && (rest[0] == '.' || rest[0] == 'e' || rest[0] == 'E')) return false;
    rest_ = rest;
    return true;
  }
  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

 private:
  std::optional<std::string_view> finish_string(std::size_t end) {
    if (end >= rest_.size()) return std::nullopt;
    const auto text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::string_view rest_;
};

}  // namespace earshot
