#pragma once
// Whose signatures the operator trusts: never whom the document names. Private to
// cli/*_command.cpp.

#include "base/bytes.hpp"
#include "cli/api_client.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace earshot::cli {

// The public key that was given (base64, or a file that holds it), else the service's own from
// /api/v1/keys: the present one and those before it.
Task<Result<std::vector<Bytes>>> trusted_keys(ApiClient& client, std::string given);

// A whole file; `not_found` when it cannot be read, `invalid` when it is longer than that.
Result<std::string> read_file(const std::filesystem::path& path, std::uintmax_t bytes_max);

}  // namespace earshot::cli
