#include "api/signed_links.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "base/invariant.hpp"

#include <charconv>
#include <fmt/format.h>

namespace earshot::api {
namespace {

// Of what is signed; another kind of link takes another label, so that none passes for the other.
constexpr std::string_view key_label = "earshot signed link 1";
constexpr std::string_view signature_mark = "&signature=";
constexpr std::string_view expiry_mark = "expires=";

Bytes key_of(const Secret& secret) {
  const auto key = crypto::hmac_sha256(as_bytes(secret.reveal()), as_bytes(key_label));
  return {key.begin(), key.end()};
}

Counter& refusals(Counters& counters, std::string_view why) {
  return counters.counter("earshot_links_refused_total", "signed links that opened nothing",
                          {{"why", std::string(why)}});
}

long long expiry_of(std::string_view text) {
  const auto at = text.rfind(expiry_mark);
  if (at == std::string_view::npos) return 0;
  const auto digits = text.substr(at + expiry_mark.size());
  long long seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  return error == std::errc{} && end == digits.data() + digits.size() ? seconds : 0;
}

Failure refusal(std::string code, std::string message) {
  return Failure(
      Error{.kind = ErrorKind::refused, .message = std::move(message), .code = std::move(code)});
}

}  // namespace

SignedLinks::SignedLinks(const std::vector<Secret>& secrets, std::string public_host, Clock& clock,
                         Counters& counters)
    : public_host_(std::move(public_host)),
      clock_(clock),
      used_(counters.counter("earshot_links_used_total", "requests that a signed link opened")),
      expired_(refusals(counters, "expired")),
      invalid_(refusals(counters, "invalid")) {
  CHECK_INVARIANT(!secrets.empty(), "links need a secret to be signed with");
  keys_.reserve(secrets.size());
  for (const auto& secret : secrets) keys_.push_back(key_of(secret));
}

std::string SignedLinks::signature_of(std::string_view text, const Bytes& key) const {
  return base64::encode_url(crypto::hmac_sha256(key, as_bytes(text)));
}

Secret SignedLinks::make(std::string target, WallTime until) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(until).time_since_epoch().count();
  target += fmt::format("{}{}{}", target.contains('?') ? '&' : '?', expiry_mark, seconds);
  const auto signature = signature_of(target, keys_.front());
  return Secret(fmt::format("{}{}{}{}", public_host_, target, signature_mark, signature));
}

bool SignedLinks::is_link(const net::HttpRequest& request) {
  return request.query("signature").has_value();
}

Result<void> SignedLinks::check(const net::HttpRequest& request) const {
  const std::string_view target = request.target;
  const auto mark = target.rfind(signature_mark);
  bool good = false;
  if (mark != std::string_view::npos) {
    const auto brought = target.substr(mark + signature_mark.size());
    for (const auto& key : keys_)
      if (crypto::constant_time_equal(brought, signature_of(target.substr(0, mark), key)))
        good = true;
  }
  if (!good) {
    invalid_.add();
    return refusal("link_invalid",
                   "the link is not one that this service signed, or was changed since: copy all "
                   "of it, or ask for another");
  }
  // What is signed ends with the time, and is to be believed.
  const WallTime until{std::chrono::seconds(expiry_of(target.substr(0, mark)))};
  if (clock_.wall_now() >= until) {
    expired_.add();
    return refusal("link_expired", "the link has expired: ask for another");
  }
  used_.add();
  return ok();
}

}  // namespace earshot::api
