#include "alerts/webhook_signature.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"

#include <fmt/format.h>

namespace earshot::alerts {
namespace {

constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t key_bytes_min = 24;
constexpr std::size_t key_bytes_max = 64;

}  // namespace

Result<WebhookKey> parse_webhook_secret(std::string_view text) {
  if (!text.starts_with(secret_prefix))
    return fail(ErrorKind::invalid, "a webhook secret must begin with whsec_");
  auto key = base64::decode(text.substr(secret_prefix.size()));
  if (!key) return fail(ErrorKind::invalid, "after whsec_ there must be base64");
  if (key->size() < key_bytes_min || key->size() > key_bytes_max)
    return fail(ErrorKind::invalid,
                fmt::format("a webhook secret must be the base64 of {} to {} bytes", key_bytes_min,
                            key_bytes_max));
  return std::move(*key);
}

std::string webhook_timestamp(WallTime at) { return fmt::format("{}", to_unix_ms(at) / 1000); }

std::string webhook_signature(const std::vector<WebhookKey>& keys, std::string_view id,
                              std::string_view timestamp, std::string_view body) {
  const auto content = fmt::format("{}.{}.{}", id, timestamp, body);
  std::string signatures;
  for (const auto& key : keys) {
    if (!signatures.empty()) signatures += ' ';
    signatures += "v1,";
    base64::encode_to(crypto::hmac_sha256(key, as_bytes(content)), signatures);
  }
  return signatures;
}

}  // namespace earshot::alerts
