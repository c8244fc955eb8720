#include "acs/detail/json_slices.hpp"

#include <cstddef>

namespace earshot::acs::detail {

namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

std::vector<std::string_view> top_level_elements(std::string_view text) {
  text = trim(text);
  if (!text.starts_with('[')) return {text};
  std::vector<std::string_view> elements;
  std::size_t depth = 0;
  std::size_t start = 1;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    }
    const bool ends_element = !in_string && ((depth == 1 && c == ',') || depth == 0);
    if (!ends_element) continue;
    const auto element = trim(text.substr(start, i - start));
    if (!element.empty()) elements.push_back(element);
    start = i + 1;
  }
  return elements;
}

}  // namespace earshot::acs::detail
