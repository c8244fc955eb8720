// links: acs
// Tokens come from strangers: whatever the bytes, reading one ends, and none of these is accepted
// as signed.
#include "acs/token_verifier.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace earshot;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto bearer = acs::bearer_token(text);
  require(bearer.size() < size || size == 0);
  const auto claims = acs::parse_token(text);
  if (claims)
    require(size <= acs::token_bytes_max);
  else
    require(claims.error().kind == ErrorKind::refused);
  return 0;
}
