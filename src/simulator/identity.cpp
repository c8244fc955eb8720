#include "simulator/identity.hpp"

#include "base/base64.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

namespace json = boost::json;

std::string encoded(const json::object& part) {
  return base64::encode_url(as_bytes(json::serialize(part)));
}

std::string signed_with(const std::string& private_pem, const std::string& text) {
  auto signature = crypto::sign_rs256(private_pem, as_bytes(text));
  return signature ? base64::encode_url(*signature) : "";
}

}  // namespace

Identity::Identity(IdentityOptions options, Clock& clock, Random& random)
    : options_(std::move(options)), clock_(clock), random_(random) {
  rotate_key();
}

void Identity::rotate_key() {
  key_ = crypto::make_rsa_key_pair();
  key_id_ = base64::encode_url(crypto::sha256(as_bytes(key_.modulus))).substr(0, 20);
}

std::string Identity::callback_token(TokenForm form) {
  return make_token(options_.callback_lifetime, form);
}

std::string Identity::media_token(TokenForm form) {
  return make_token(options_.media_lifetime, form);
}

std::string Identity::make_token(Duration lifetime, TokenForm form) {
  if (form == TokenForm::none) return "";
  long long now = to_unix_ms(clock_.wall_now()) / 1000;
  if (form == TokenForm::expired) now -= 2 * 86'400;
  if (form == TokenForm::not_yet) now += 2 * 86'400;
  json::object header{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key_id_}};
  if (form == TokenForm::unsigned_alg) header["alg"] = "none";
  if (form == TokenForm::hs256) header["alg"] = "HS256";
  if (form == TokenForm::unknown_key) header["kid"] = "no-such-key";
  const json::object claims{
      {"jti", make_uuid(random_)},
      {"iss", form == TokenForm::wrong_issuer ? "https://elsewhere.example" : options_.issuer},
      {"aud", form == TokenForm::wrong_audience ? "99999999-0000-4000-8000-000000000009"
                                                : options_.audience},
      {"iat", now},
      {"nbf", now},
      {"exp", now + std::chrono::duration_cast<std::chrono::seconds>(lifetime).count()}};
  const std::string text = encoded(header) + "." + encoded(claims);
  switch (form) {
    case TokenForm::unsigned_alg:
      return text + ".";
    case TokenForm::hs256:
      return text + "." +
             base64::encode_url(crypto::hmac_sha256(as_bytes(key_.public_pem), as_bytes(text)));
    case TokenForm::unknown_key:
      return text + "." + signed_with(crypto::make_rsa_key_pair().private_pem, text);
    default:
      break;
  }
  std::string signature = signed_with(key_.private_pem, text);
  if (form == TokenForm::flipped) signature[10] = signature[10] == 'A' ? 'B' : 'A';
  return text + "." + signature;
}

std::string Identity::openid_configuration(std::string_view base_url) const {
  return json::serialize(json::object{
      {"issuer", options_.issuer},
      {"jwks_uri", fmt::format("{}/calling/keys", base_url)},
      {"id_token_signing_alg_values_supported", json::array{"RS256"}},
  });
}

std::string Identity::key_set() const {
  return json::serialize(json::object{{"keys", json::array{json::object{{"kty", "RSA"},
                                                                        {"use", "sig"},
                                                                        {"alg", "RS256"},
                                                                        {"kid", key_id_},
                                                                        {"n", key_.modulus},
                                                                        {"e", key_.exponent}}}}});
}

}  // namespace earshot::simulator
