#pragma once
// The rules of retention as an operator writes them (docs/retention.md), and the equivalent
// lifecycle policy of an Azure storage account. Pure.

#include "base/result.hpp"
#include "domain/retention.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::recording {

inline constexpr std::size_t retention_rules_bytes_max = 1 << 20;
// `invalid`, with every fault named.
Result<RetentionRules> parse_retention_rules(std::string_view json);

// What the storage account can do by itself.
struct LifecyclePolicy {
  std::string json;                // the body of managementPolicies/default
  std::vector<std::string> notes;  // what of the rules it does not do, and why
};

// May the service set index tags on blobs? Without them the account cannot know what is held.
enum class TagRights { granted, not_permitted, not_supported, unknown };
std::string_view to_text(TagRights rights);

LifecyclePolicy lifecycle_policy(const RetentionRules& rules, std::string_view container,
                                 TagRights rights);

}  // namespace earshot::recording
