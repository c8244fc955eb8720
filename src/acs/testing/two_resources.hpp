#pragma once
// The tokens of two resources, "default" and "other".

#include "acs/resource_tokens.hpp"
#include "acs/testing/token_maker.hpp"

namespace earshot::acs::testing {

inline constexpr std::string_view other_audience = "0a1b2c3d-0000-4000-8000-000000000002";

inline std::vector<ResourceTokens::Resource> two_resources(KeySet& keys, Clock& clock) {
  std::vector<ResourceTokens::Resource> resources;
  const auto add = [&](std::string label, std::string_view whose) {
    TokenRules rules;
    rules.audiences = {std::string(whose)};
    resources.push_back(
        {std::move(label), std::make_unique<TokenVerifier>(keys, clock, std::move(rules))});
  };
  add("default", audience);
  add("other", other_audience);
  return resources;
}

// Authorization with a good token of "other".
inline net::HttpHeaders bearer_of_other(Clock& clock) {
  auto wishes = token_maker().wishes(clock.wall_now());
  wishes.audience_json = fmt::format("\"{}\"", other_audience);
  return {{"Authorization", "Bearer " + token_maker().make(wishes)}};
}

}  // namespace earshot::acs::testing
