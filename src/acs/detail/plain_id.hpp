#pragma once
#include <algorithm>
#include <cctype>
#include <string_view>

namespace earshot::acs::detail {

// May this text of an address be one of our context ids? Bounds what reaches stores and logs.
inline bool is_plain_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
}

}  // namespace earshot::acs::detail
