#include "cli/trusted_keys.hpp"

#include "base/base64.hpp"
#include "cli/output_json.hpp"

#include <cstddef>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <utility>

namespace earshot::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t public_key_bytes = 32;

Result<Bytes> parse_key(std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  auto key = base64::decode(text);
  if (!key || key->size() != public_key_bytes)
    return fail(ErrorKind::invalid, "a public key is the base64 of 32 bytes");
  return key;
}

using Keys = std::vector<Bytes>;

Task<Result<Keys>> keys_of_service(ApiClient& client) {
  auto body = co_await client.get("/api/v1/keys");
  if (!body)
    co_return fail("asking the service for its keys (--key gives another one)", body.error());
  auto answer = parse_answer(*body);
  if (!answer) co_return Failure(answer.error());
  Keys keys;
  const auto& rows = items(*answer, "keys");
  keys.reserve(rows.size());
  for (const auto& row : rows) {
    auto key = row.is_object() ? parse_key(cell(row.get_object(), "publicKey"))
                               : fail(ErrorKind::invalid, "the service told a key that is none");
    if (!key) co_return Failure(key.error());
    keys.push_back(std::move(*key));
  }
  if (keys.empty()) co_return fail(ErrorKind::invalid, "the service told no key");
  co_return keys;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::uintmax_t bytes_max) {
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  if (error) return fail(ErrorKind::not_found, fmt::format("cannot read {}", path.string()));
  if (bytes > bytes_max)
    return fail(ErrorKind::invalid, fmt::format("{} is too large for it", path.string()));
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Task<Result<std::vector<Bytes>>> trusted_keys(ApiClient& client, std::string given) {
  if (given.empty()) co_return co_await keys_of_service(client);
  std::error_code ignored;
  if (fs::is_regular_file(given, ignored)) {
    auto text = read_file(given, 4'096);
    if (!text) co_return Failure(text.error());
    given = std::move(*text);
  }
  auto key = parse_key(std::move(given));
  if (!key) co_return Failure(key.error());
  co_return Keys{std::move(*key)};
}

}  // namespace earshot::cli
