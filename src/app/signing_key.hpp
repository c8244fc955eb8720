#pragma once
// The key that signs manifests: EARSHOT_SIGNING_KEY, else `signing.key` in the data folder, which
// is made once and is for this user alone.

#include "app/config.hpp"
#include "recording/manifest.hpp"

#include <filesystem>
#include <vector>

namespace earshot::app {

// Fails with a sentence for the operator: a file that cannot be read or written, or holds no key.
Result<recording::ManifestKey> load_signing_key(const Config& config,
                                                const std::filesystem::path& folder);

// The present one first, then those that signed before it.
std::vector<Bytes> manifest_public_keys(const recording::ManifestKey& present,
                                        const Config& config);

}  // namespace earshot::app
