#pragma once
// Details of journal notes as JSON text. Only numbers, codes and reasons of the machinery go in;
// never what anybody said.

#include <fmt/format.h>
#include <string>
#include <string_view>

namespace earshot::bridge {

inline std::string json_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text.substr(0, 500)) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      quoted += c;
    }
  }
  quoted += '"';
  return quoted;
}

inline std::string note_json(std::string_view key, std::string_view text) {
  return fmt::format("{{{}:{}}}", json_quoted(key), json_quoted(text));
}

}  // namespace earshot::bridge
