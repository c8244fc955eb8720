#include "acs/token_verifier.hpp"

#include "acs/detail/json_read.hpp"
#include "acs/detail/signing_key.hpp"
#include "base/base64.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/system/error_code.hpp>
#include <cctype>

namespace earshot::acs {

namespace json = boost::json;
using detail::text_member;

namespace {

Result<json::object> decode_part(std::string_view part) {
  const auto bytes = base64::decode_url(part);
  if (!bytes) return fail(ErrorKind::refused, "the token is not base64url");
  boost::system::error_code error;
  auto value = json::parse(
      json::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()), error);
  auto* object = error ? nullptr : value.if_object();
  if (!object) return fail(ErrorKind::refused, "the token is not JSON");
  return std::move(*object);
}

std::optional<double> number_member(const json::object& object, std::string_view key) {
  const auto* value = detail::member(&object, key);
  if (!value || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

std::vector<std::string> audiences_of(const json::object& claims) {
  std::vector<std::string> audiences;
  const auto* value = detail::member(&claims, "aud");
  if (!value) return audiences;
  if (const auto* text = value->if_string()) audiences.emplace_back(detail::view(*text));
  if (const auto* list = value->if_array())
    for (const auto& element : *list)
      if (const auto* text = element.if_string()) audiences.emplace_back(detail::view(*text));
  return audiences;
}

bool same_text(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

Result<TokenClaims> parse_token(std::string_view compact) {
  if (compact.empty()) return fail(ErrorKind::refused, "there is no token");
  if (compact.size() > token_bytes_max) return fail(ErrorKind::refused, "the token is too long");
  std::array<std::string_view, 3> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto dot = compact.find('.');
    const bool last = i + 1 == parts.size();
    if ((dot == std::string_view::npos) != last)
      return fail(ErrorKind::refused, "the token has not three parts");
    parts[i] = compact.substr(0, dot);
    compact.remove_prefix(last ? compact.size() : dot + 1);
  }
  const auto header = decode_part(parts[0]);
  if (!header) return Failure(header.error());
  const auto payload = decode_part(parts[1]);
  if (!payload) return Failure(payload.error());
  TokenClaims claims;
  claims.algorithm = text_member(&*header, "alg");
  claims.key_id = text_member(&*header, "kid");
  claims.has_critical_extensions = detail::member(&*header, "crit") != nullptr;
  claims.issuer = text_member(&*payload, "iss");
  claims.audiences = audiences_of(*payload);
  claims.expires_at = number_member(*payload, "exp");
  claims.not_before = number_member(*payload, "nbf");
  return claims;
}

std::string bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size() ||
      !same_text(authorization.substr(0, scheme.size()), scheme))
    return {};
  return std::string(authorization.substr(scheme.size()));
}

TokenVerifier::TokenVerifier(KeySet& keys, Clock& clock, TokenRules rules)
    : keys_(keys), clock_(clock), rules_(std::move(rules)) {}

Result<void> TokenVerifier::check_claims(const TokenClaims& claims) const {
  if (claims.issuer != rules_.issuer) return fail(ErrorKind::refused, "wrong issuer");
  const bool for_us = std::ranges::any_of(claims.audiences, [&](const std::string& audience) {
    // GUIDs, which Azure writes in either case.
    return std::ranges::any_of(rules_.audiences,
                               [&](const auto& ours) { return same_text(audience, ours); });
  });
  if (!for_us) return fail(ErrorKind::refused, "wrong audience");
  const auto now = static_cast<double>(to_unix_ms(clock_.wall_now())) / 1000.0;
  const auto leeway = std::chrono::duration<double>(rules_.leeway).count();
  // Written so that a NaN fails.
  if (!claims.expires_at || !(now - leeway < *claims.expires_at))
    return fail(ErrorKind::refused, "expired");
  if (claims.not_before && !(*claims.not_before <= now + leeway))
    return fail(ErrorKind::refused, "not yet valid");
  return ok();
}

Task<Result<void>> TokenVerifier::verify(std::string compact) {
  const auto claims = parse_token(compact);
  if (!claims) co_return Failure(claims.error());
  // Before any key is touched: "none", and HMAC keyed with a public key, end here.
  if (claims->algorithm != "RS256")
    co_return fail(ErrorKind::refused, "the algorithm is not RS256");
  if (claims->has_critical_extensions)
    co_return fail(ErrorKind::refused, "the token asks for extensions");
  if (claims->key_id.empty()) co_return fail(ErrorKind::refused, "the token names no key");
  // Claims cost nothing to check; a stranger's token must not make us fetch keys.
  auto checked = check_claims(*claims);
  if (!checked) co_return checked;
  const auto key = co_await keys_.find(claims->key_id);
  if (!key) co_return Failure(key.error());
  if (!(*key)->verifies(compact)) co_return fail(ErrorKind::refused, "the signature is wrong");
  co_return ok();
}

}  // namespace earshot::acs
