#pragma once
// How dear it is to keep a blob and how quickly it can be read, warmest first. What is in `archive`
// cannot be read until it has been brought back, which takes hours.

#include <optional>
#include <string_view>

namespace earshot {

enum class StorageTier { hot, cool, cold, archive };

// "hot", "cool", "cold", "archive"
std::string_view to_text(StorageTier tier);
// In any case of letters.
std::optional<StorageTier> parse_storage_tier(std::string_view text);

}  // namespace earshot
