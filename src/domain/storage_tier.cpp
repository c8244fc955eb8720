#include "domain/storage_tier.hpp"

#include <algorithm>

namespace earshot {

std::string_view to_text(StorageTier tier) {
  switch (tier) {
    case StorageTier::hot:
      return "hot";
    case StorageTier::cool:
      return "cool";
    case StorageTier::cold:
      return "cold";
    case StorageTier::archive:
      return "archive";
  }
  return "unknown";
}

std::optional<StorageTier> parse_storage_tier(std::string_view text) {
  const auto same = [](char given, char wanted) {
    return (given >= 'A' && given <= 'Z' ? static_cast<char>(given - 'A' + 'a') : given) == wanted;
  };
  for (const auto tier :
       {StorageTier::hot, StorageTier::cool, StorageTier::cold, StorageTier::archive})
    if (std::ranges::equal(text, to_text(tier), same)) return tier;
  return std::nullopt;
}

}  // namespace earshot
