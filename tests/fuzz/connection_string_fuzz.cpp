// links: blob
#include "blob/connection_string.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto account = earshot::blob::parse_connection_string(earshot::Secret(text));
  if (!account) return 0;
  if (account->name.empty() || account->endpoint.empty() || account->endpoint.ends_with('/'))
    std::abort();
  if (account->key.empty() == account->sas.empty()) std::abort();
  return 0;
}
