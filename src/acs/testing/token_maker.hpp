#pragma once
// Tokens as ACS signs them, and wrong ones, with a key pair of the test's own.

#include "acs/testing/fake_http_client.hpp"
#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "base/time.hpp"

#include <fmt/format.h>
#include <string>

namespace earshot::acs::testing {

inline constexpr std::string_view issuer = "https://acscallautomation.communication.azure.com";
inline constexpr std::string_view audience = "0a1b2c3d-0000-4000-8000-000000000001";

class TokenMaker {
 public:
  explicit TokenMaker(std::string key_id = "key-a")
      : key_id_(std::move(key_id)), pair_(crypto::make_rsa_key_pair()) {}

  struct Wishes {
    std::string algorithm = "RS256";
    std::string audience_json = fmt::format("\"{}\"", audience);
    std::string token_issuer{issuer};
    long long not_before = 0;
    long long expires_at = 0;
    std::string extra_header;
  };
  Wishes wishes(WallTime now) const {
    Wishes w;
    w.not_before = to_unix_ms(now) / 1000 - 10;
    w.expires_at = to_unix_ms(now) / 1000 + 300;
    return w;
  }

  std::string make(const Wishes& w) const {
    const auto head = unsigned_part(w);
    if (w.algorithm == "none") return head + ".";
    if (w.algorithm == "HS256")
      return head + "." +
             base64::encode_url(crypto::hmac_sha256(as_bytes(pair_.public_pem), as_bytes(head)));
    return head + "." + base64::encode_url(*crypto::sign_rs256(pair_.private_pem, as_bytes(head)));
  }
  std::string jwk() const {
    return fmt::format(R"({{"kty":"RSA","use":"sig","kid":"{}","n":"{}","e":"{}"}})", key_id_,
                       pair_.modulus, pair_.exponent);
  }

 private:
  std::string unsigned_part(const Wishes& w) const {
    const auto header = fmt::format(R"({{"alg":"{}","kid":"{}","typ":"JWT"{}}})", w.algorithm,
                                    key_id_, w.extra_header);
    const auto claims = fmt::format(R"({{"iss":"{}","aud":{},"nbf":{},"exp":{}}})", w.token_issuer,
                                    w.audience_json, w.not_before, w.expires_at);
    return base64::encode_url(as_bytes(header)) + "." + base64::encode_url(as_bytes(claims));
  }
  std::string key_id_;
  crypto::RsaKeyPair pair_;
};

// One for the whole run: making a key takes a while.
inline const TokenMaker& token_maker() {
  static const TokenMaker maker;
  return maker;
}

// Serves an OpenID configuration and this key set to any number of requests.
inline void serve_keys(FakeHttpClient& http, std::string keys_json) {
  http.otherwise = [keys_json =
                        std::move(keys_json)](const net::HttpCall& call) -> Result<net::HttpReply> {
    net::HttpReply reply;
    reply.status = 200;
    reply.body = call.url.ends_with("/keys")
                     ? fmt::format(R"({{"keys":[{}]}})", keys_json)
                     : std::string(R"({"issuer":"i","jwks_uri":"https://acs.example/keys"})");
    return reply;
  };
}

}  // namespace earshot::acs::testing
