#pragma once
// One public key of a JSON Web Key Set, over cjose, which only signing_key.cpp sees.

#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace earshot::acs::detail {

class SigningKey {
 public:
  // From one JWK as JSON. `invalid` unless it is an RSA key of at least 2048 bits that may verify
  // RS256 signatures.
  static Result<std::shared_ptr<const SigningKey>> import(const std::string& jwk_json);

  // Is the signature of this compact JWS right? Its header must have been read as RS256 before.
  bool verifies(std::string_view compact) const;

  ~SigningKey();
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

 private:
  struct State;
  explicit SigningKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace earshot::acs::detail
