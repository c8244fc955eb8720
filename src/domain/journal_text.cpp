#include "domain/journal_text.hpp"

namespace earshot {

std::string journal_detail(std::initializer_list<JournalField> fields) {
  std::string detail = "{";
  for (const auto& [key, value] : fields) {
    if (detail.size() > 1) detail += ',';
    detail += json_quoted(key) + ":" + json_quoted(value);
  }
  return detail + "}";
}

std::string json_quoted(std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace earshot
