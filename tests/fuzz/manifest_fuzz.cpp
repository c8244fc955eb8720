// links: recording net
// Once as it comes, once as what somebody made of a manifest that we signed; and as a receipt.
#include "recording/erasure_receipt.hpp"
#include "recording/manifest.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace earshot;
using namespace earshot::recording;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ManifestKey key = *make_manifest_key(Bytes(32, 7));
  const auto text = as_text({data, size});
  if (const auto parts = split_manifest(text); parts && parts->signature.size() != 64) std::abort();
  if (const auto claims = read_manifest_claims(text); !claims && claims.error().message.empty())
    std::abort();
  if (const auto claims = read_erasure_claims(text); !claims && claims.error().message.empty())
    std::abort();
  // Nobody signs with this key but us.
  if (check_manifest(text, key.public_key)) std::abort();
  return 0;
}
