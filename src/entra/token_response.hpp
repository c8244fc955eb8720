#pragma once
// What a token endpoint answers. Pure.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

#include <string>
#include <string_view>

namespace earshot::entra {

struct TokenResponse {
  Secret token;
  WallTime good_until{};
};

// Numbers may be text. `invalid`: no token in it, or one that is over already.
Result<TokenResponse> parse_token_response(std::string_view json, WallTime now);

// "invalid_client: AADSTS7000215", without the trace that may name users; "" when it says nothing.
std::string parse_token_error(std::string_view json);

}  // namespace earshot::entra
