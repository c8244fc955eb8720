#include "app/signing_key.hpp"

#include "app/key_file.hpp"
#include "base/base64.hpp"
#include "base/crypto.hpp"

#include <utility>

namespace earshot::app {
namespace {

constexpr std::size_t private_key_bytes = 32;  // Ed25519

}  // namespace

Result<recording::ManifestKey> load_signing_key(const Config& config,
                                                const std::filesystem::path& folder) {
  const bool given = !config.signing_key.empty();
  const auto path = folder / "signing.key";
  auto bytes = given ? base64::decode(config.signing_key.reveal())
                     : load_key_file(path, "the signing key", private_key_bytes,
                                     [] { return crypto::make_ed25519_key_pair().private_key; });
  if (!bytes) return given ? fail("EARSHOT_SIGNING_KEY", bytes.error()) : Failure(bytes.error());
  auto key = recording::make_manifest_key(std::move(*bytes));
  if (!key)
    return fail(given ? "EARSHOT_SIGNING_KEY" : "the signing key " + path.string(), key.error());
  return key;
}

std::vector<Bytes> manifest_public_keys(const recording::ManifestKey& present,
                                        const Config& config) {
  std::vector<Bytes> keys{present.public_key};
  for (const auto& former : config.former_manifest_keys)
    if (former != present.public_key) keys.push_back(former);
  return keys;
}

}  // namespace earshot::app
