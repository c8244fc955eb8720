#pragma once
// Checks of the JWT that ACS sends with callbacks and with the media socket's upgrade.

#include "acs/key_set.hpp"
#include "base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::acs {

// What a token says, before anything of it is believed.
struct TokenClaims {
  std::string algorithm;
  std::string key_id;
  bool has_critical_extensions = false;
  std::string issuer;
  std::vector<std::string> audiences;
  std::optional<double> expires_at;  // Unix seconds
  std::optional<double> not_before;
};

inline constexpr std::size_t token_bytes_max = 16 << 10;

// `refused` when it is no compact JWT.
Result<TokenClaims> parse_token(std::string_view compact);

// "Bearer <token>" without regard to case; "" for anything else.
std::string bearer_token(std::string_view authorization);

struct TokenRules {
  std::string issuer = "https://acscallautomation.communication.azure.com";
  // Immutable resource ids of our ACS resources; one of them must be in the token.
  std::vector<std::string> audiences;
  Duration leeway = 5min;
};

class TokenVerifier {
 public:
  // What is passed outlives this. Called on the key set's executor.
  TokenVerifier(KeySet& keys, Clock& clock, TokenRules rules);

  // `refused` with the reason (for the log, not for the asker); `unavailable` when there is no key
  // to check with.
  Task<Result<void>> verify(std::string compact);

 private:
  Result<void> check_claims(const TokenClaims& claims) const;

  KeySet& keys_;
  Clock& clock_;
  TokenRules rules_;
};

}  // namespace earshot::acs
