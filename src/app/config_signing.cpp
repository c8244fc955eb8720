// The settings of the manifest's keys: part of the table of config_table.cpp.
#include "app/config_setting.hpp"
#include "app/config_values.hpp"
#include "base/base64.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::app {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t former_keys_max = 16;

Result<void> apply_signing_key(Config& config, const std::string& value) {
  const auto key = base64::decode(value);
  if (!value.empty() && (!key || key->size() != key_bytes))
    return fail(ErrorKind::invalid, "is not the base64 of 32 bytes (openssl rand -base64 32)");
  config.signing_key = Secret(value);
  return ok();
}

Result<void> apply_former_keys(Config& config, const std::string& value) {
  const auto texts = split_list(value);
  if (texts.size() > former_keys_max)
    return fail(ErrorKind::invalid, fmt::format("names more than {} keys", former_keys_max));
  std::vector<Bytes> keys;
  for (const auto& text : texts) {
    auto key = base64::decode(text);
    if (!key || key->size() != key_bytes)
      return fail(ErrorKind::invalid,
                  fmt::format("has an entry that is not the base64 of {} bytes, as publicKey in "
                              "/api/v1/keys is",
                              key_bytes));
    if (std::ranges::find(keys, *key) == keys.end()) keys.push_back(std::move(*key));
  }
  config.former_manifest_keys = std::move(keys);
  return ok();
}

}  // namespace

std::vector<Setting> signing_settings() {
  constexpr std::string_view group = "Manifests";
  return {
      {"EARSHOT_SIGNING_KEY", group, "base64 of 32 bytes", "",
       "Ed25519 private key that signs manifests; empty: one is made in EARSHOT_DATA_DIR. Replicas "
       "need the same one.",
       true, apply_signing_key},
      {"EARSHOT_FORMER_KEYS", group, "public keys, base64, comma", "",
       "Public keys of earlier signing keys, told by /api/v1/keys after the present one, so that "
       "manifests from before a change can still be checked.",
       false, apply_former_keys},
  };
}

}  // namespace earshot::app
