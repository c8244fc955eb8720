#include "recording/manifest.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

constexpr std::size_t key_id_digits = 16;
constexpr std::string_view signature_begins =
    ",\"signature\":{\"algorithm\":\"Ed25519\",\"keyId\":\"";
constexpr std::string_view value_begins = "\",\"value\":\"";
constexpr std::string_view signature_ends = "\"}}\n";
constexpr std::size_t signature_bytes = 64;

}  // namespace

Result<ManifestKey> make_manifest_key(Bytes private_key) {
  auto public_key = crypto::ed25519_public_key(private_key);
  if (!public_key) return Failure(public_key.error());
  return ManifestKey{std::move(private_key), std::move(*public_key)};
}

std::string manifest_key_id(ByteView public_key) {
  return crypto::to_hex(crypto::sha256(public_key)).substr(0, key_id_digits);
}

Result<std::string> sign_manifest(std::string_view text, const ManifestKey& key) {
  if (!text.starts_with('{') || !text.ends_with('}'))
    return fail(ErrorKind::invalid, "what is signed is one JSON object");
  auto signature = crypto::sign_ed25519(key.private_key, as_bytes(text));
  if (!signature) return Failure(signature.error());
  return fmt::format("{}{}{}{}{}{}", text.substr(0, text.size() - 1), signature_begins,
                     manifest_key_id(key.public_key), value_begins, base64::encode(*signature),
                     signature_ends);
}

Result<SignedManifest> split_manifest(std::string_view signed_text) {
  const auto no_signature = [] {
    return fail(ErrorKind::invalid, "no signature of ours stands at the end of it");
  };
  const auto at = signed_text.rfind(signature_begins);
  if (at == std::string_view::npos || !signed_text.ends_with(signature_ends)) return no_signature();
  auto rest = signed_text.substr(at + signature_begins.size());
  if (rest.size() < key_id_digits + value_begins.size() + signature_ends.size() ||
      !rest.substr(key_id_digits).starts_with(value_begins))
    return no_signature();
  SignedManifest parts{.text = std::string(signed_text.substr(0, at)) + "}",
                       .key_id = std::string(rest.substr(0, key_id_digits)),
                       .signature = {}};
  rest.remove_prefix(key_id_digits + value_begins.size());
  rest.remove_suffix(signature_ends.size());
  auto signature = base64::decode(rest);
  if (!signature || signature->size() != signature_bytes) return no_signature();
  parts.signature = std::move(*signature);
  return parts;
}

Result<std::string> check_signed(std::string_view what, std::string_view signed_text,
                                 std::span<const Bytes> keys) {
  auto parts = split_manifest(signed_text);
  if (!parts) return Failure(parts.error());
  const auto key = std::ranges::find_if(
      keys, [&](const Bytes& one) { return manifest_key_id(one) == parts->key_id; });
  if (key == keys.end())
    return fail(ErrorKind::refused,
                fmt::format("the {} names key {}, which is none of the {} trusted", what,
                            parts->key_id, keys.size()));
  if (!crypto::verify_ed25519(*key, as_bytes(parts->text), parts->signature))
    return fail(ErrorKind::refused,
                fmt::format("the signature does not fit: the {} was changed", what));
  return std::move(parts->text);
}

Result<ManifestClaims> check_manifest(std::string_view signed_text, ByteView public_key) {
  const auto parts = split_manifest(signed_text);
  if (!parts) return Failure(parts.error());
  if (const auto given = manifest_key_id(public_key); given != parts->key_id)
    return fail(ErrorKind::refused, fmt::format("the manifest names key {}, the key given is {}",
                                                parts->key_id, given));
  const std::array<Bytes, 1> keys{Bytes(public_key.begin(), public_key.end())};
  return check_manifest(signed_text, keys);
}

Result<ManifestClaims> check_manifest(std::string_view signed_text, std::span<const Bytes> keys) {
  const auto text = check_signed("manifest", signed_text, keys);
  if (!text) return Failure(text.error());
  return read_manifest_claims(*text);
}

}  // namespace earshot::recording
