#include "base/detail/log_line.hpp"

#include <fmt/format.h>
#include <iterator>

namespace earshot::detail {
namespace {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool is_valid = false;
};

// One code point of UTF-8 as RFC 3629 allows it: no overlong forms, no surrogates, nothing beyond
// U+10FFFF.
CodePoint decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {.value = lead, .bytes = 1, .is_valid = true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (length == 0 || lead > 0xF4 || text.size() < length) return {};
  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  const char32_t smallest = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  if (value < smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {.value = value, .bytes = length, .is_valid = true};
}

// What a terminal or a reader could take for something else than text: C0, DEL, C1, line and
// paragraph separators, and the marks that turn the direction of writing.
bool is_deceptive(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 ||
         (c >= 0x200E && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

// The result is valid UTF-8 and valid inside a JSON string.
void append_escaped(std::string& line, std::string_view text) {
  const std::size_t cut = text.size() > log_value_bytes_max ? text.size() - log_value_bytes_max : 0;
  text.remove_suffix(cut);
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    if (!point.is_valid) {
      line += "\\ufffd";
    } else if (point.value == '"' || point.value == '\\') {
      line += '\\';
      line += static_cast<char>(point.value);
    } else if (is_deceptive(point.value)) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<unsigned>(point.value));
    } else {
      line += text.substr(0, point.bytes);
    }
    text.remove_prefix(point.bytes);
  }
  if (cut > 0) fmt::format_to(std::back_inserter(line), "...({} bytes more)", cut);
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=\\") != std::string_view::npos;
}

void append_json_member(std::string& line, std::string_view key, std::string_view value) {
  line += '"';
  append_escaped(line, key);
  line += "\":\"";
  append_escaped(line, value);
  line += '"';
}

}  // namespace

std::string_view to_text(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "unknown";
}

std::string text_line(std::string_view message, const LogFields& fields) {
  std::string line;
  append_escaped(line, message);
  for (const LogField& field : fields) {
    line += ' ';
    append_escaped(line, field.key);
    line += '=';
    const bool quoted = needs_quotes(field.value);
    if (quoted) line += '"';
    append_escaped(line, field.value);
    if (quoted) line += '"';
  }
  return line;
}

std::string json_members(std::string_view message, const LogFields& fields) {
  std::string line;
  append_json_member(line, "message", message);
  for (const LogField& field : fields) {
    line += ',';
    append_json_member(line, field.key, field.value);
  }
  return line;
}

}  // namespace earshot::detail
