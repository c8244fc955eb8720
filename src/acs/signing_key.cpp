#include "acs/detail/signing_key.hpp"

#include <cjose/cjose.h>
#include <fmt/format.h>

namespace earshot::acs::detail {

namespace {

constexpr std::size_t key_bits_min = 2048;

struct ReleaseJwk {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
struct ReleaseJws {
  void operator()(cjose_jws_t* jws) const { cjose_jws_release(jws); }
};

}  // namespace

struct SigningKey::State {
  std::unique_ptr<cjose_jwk_t, ReleaseJwk> key;
};

SigningKey::SigningKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
SigningKey::~SigningKey() = default;

Result<std::shared_ptr<const SigningKey>> SigningKey::import(const std::string& jwk_json) {
  cjose_err error{};
  std::unique_ptr<cjose_jwk_t, ReleaseJwk> key(
      cjose_jwk_import(jwk_json.data(), jwk_json.size(), &error));
  if (!key)
    return fail(ErrorKind::invalid,
                fmt::format("not a key: {}", error.message ? error.message : "?"));
  if (cjose_jwk_get_kty(key.get(), &error) != CJOSE_JWK_KTY_RSA)
    return fail(ErrorKind::invalid, "not an RSA key");
  if (cjose_jwk_get_keysize(key.get(), &error) < key_bits_min)
    return fail(ErrorKind::invalid, fmt::format("shorter than {} bits", key_bits_min));
  auto state = std::make_unique<State>();
  state->key = std::move(key);
  return std::shared_ptr<const SigningKey>(new SigningKey(std::move(state)));
}

bool SigningKey::verifies(std::string_view compact) const {
  cjose_err error{};
  const std::unique_ptr<cjose_jws_t, ReleaseJws> jws(
      cjose_jws_import(compact.data(), compact.size(), &error));
  return jws && cjose_jws_verify(jws.get(), state_->key.get(), &error);
}

}  // namespace earshot::acs::detail
