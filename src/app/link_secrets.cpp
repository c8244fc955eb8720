#include "app/link_secrets.hpp"

#include "app/key_file.hpp"
#include "base/crypto.hpp"

#include <string>

namespace earshot::app {
namespace {

constexpr std::size_t secret_bytes = 32;

Bytes make_secret() {
  Bytes secret(secret_bytes);
  crypto::fill_random(secret);
  return secret;
}

}  // namespace

Result<std::vector<Secret>> load_link_secrets(const Config& config,
                                              const std::filesystem::path& folder) {
  if (!config.link_secrets.empty()) return config.link_secrets;
  const auto secret =
      load_key_file(folder / "link.key", "the key of links", secret_bytes, make_secret);
  if (!secret) return Failure(secret.error());
  return std::vector<Secret>{Secret(std::string(as_text(*secret)))};
}

}  // namespace earshot::app
