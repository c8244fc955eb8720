#pragma once
// The exact text of each element of a JSON array, so that an event is kept as it came.

#include <string_view>
#include <vector>

namespace earshot::acs::detail {

// `text` has been parsed before and is valid JSON. An object gives itself.
std::vector<std::string_view> top_level_elements(std::string_view text);

}  // namespace earshot::acs::detail
