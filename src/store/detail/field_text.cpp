#include "store/detail/field_text.hpp"

#include "store/detail/stored_text.hpp"

#include <fmt/format.h>

namespace earshot::store {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10U;
  return std::nullopt;
}

void escape_character(std::string& out, std::string_view character, std::size_t length) {
  const char first = character.front();
  if (length == 0)
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(first));
  else if (first == '\\')
    out += "\\\\";
  else if (first == '\n')
    out += "\\n";
  else if (first == '\r')
    out += "\\r";
  else
    out += character.substr(0, length);
}

}  // namespace

std::string escape_text(std::string_view bytes) {
  std::string escaped;
  escaped.reserve(bytes.size() + 16);
  while (!bytes.empty()) {
    const auto plain = plain_length(bytes);
    escaped += bytes.substr(0, plain);
    bytes.remove_prefix(plain);
    if (bytes.empty()) break;
    const auto length = character_length(bytes);
    escape_character(escaped, bytes, length);
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return escaped;
}

std::optional<std::string> unescape_text(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == '\\') {
      bytes += '\\';
    } else if (text[i] == 'n') {
      bytes += '\n';
    } else if (text[i] == 'r') {
      bytes += '\r';
    } else {
      if (text[i] != 'x' || i + 2 >= text.size()) return std::nullopt;
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (!high || !low) return std::nullopt;
      bytes += static_cast<char>(*high << 4U | *low);
      i += 2;
    }
  }
  return bytes;
}

void FieldWriter::add(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  text_ += name;
  text_ += '=';
  text_ += escape_text(value);
  text_ += '\n';
}

void FieldWriter::add(std::string_view name, long long value) {
  add(name, std::string_view(std::to_string(value)));
}

std::optional<Field> FieldReader::next() {
  if (rest_.empty() || damaged_) return std::nullopt;
  const auto end = rest_.find('\n');
  const auto line = rest_.substr(0, end);
  const auto equals = line.find('=');
  if (end == std::string_view::npos || equals == std::string_view::npos) {
    damaged_ = true;
    return std::nullopt;
  }
  auto value = unescape_text(line.substr(equals + 1));
  if (!value) {
    damaged_ = true;
    return std::nullopt;
  }
  rest_.remove_prefix(end + 1);
  return Field{.name = line.substr(0, equals), .value = std::move(*value)};
}

}  // namespace earshot::store
