#pragma once
// What the service's own links are signed with: LINK_SECRET, else `link.key` in the data folder,
// which is made once and is for this user alone.

#include "app/config.hpp"
#include "base/result.hpp"

#include <filesystem>
#include <vector>

namespace earshot::app {

// One or two; the first signs. Fails as load_key_file().
Result<std::vector<Secret>> load_link_secrets(const Config& config,
                                              const std::filesystem::path& folder);

}  // namespace earshot::app
