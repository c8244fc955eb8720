#pragma once
// The simulator's stand-in for the identity of Call Automation: its RSA key, the OpenID document,
// the key set, and the tokens on callbacks and on the media socket; bad tokens too, for tests.

#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/random.hpp"

#include <string>
#include <string_view>

namespace earshot::simulator {

enum class TokenForm {
  good,
  none,          // no Authorization at all
  unsigned_alg,  // {"alg":"none"}
  hs256,         // HMAC with the public key's PEM as the secret
  unknown_key,   // a kid that is in no key set, signed with another key
  flipped,       // one character of the signature is another
  expired,
  not_yet,
  wrong_audience,
  wrong_issuer,
};

struct IdentityOptions {
  std::string issuer = "https://acscallautomation.communication.azure.com";
  // The resource's immutable id.
  std::string audience = "0a1b2c3d-0000-4000-8000-000000000001";
  Duration callback_lifetime = 5min;
  Duration media_lifetime = 24h;
};

class Identity {
 public:
  Identity(IdentityOptions options, Clock& clock, Random& random);

  // New each time.
  std::string callback_token(TokenForm form = TokenForm::good);
  std::string media_token(TokenForm form = TokenForm::good);

  // {"issuer":…,"jwks_uri":"<base>/calling/keys",…}
  std::string openid_configuration(std::string_view base_url) const;
  std::string key_set() const;
  // A new key; the old one is no longer in the set.
  void rotate_key();

  const IdentityOptions& options() const { return options_; }

 private:
  std::string make_token(Duration lifetime, TokenForm form);

  IdentityOptions options_;
  Clock& clock_;
  Random& random_;
  crypto::RsaKeyPair key_;
  std::string key_id_;
};

}  // namespace earshot::simulator
