// links: base
// Whatever decodes has exactly one spelling, so encoding it again gives the input; what the quick
// decoder takes, the one that explains takes, and the other way round.
#include "base/base64.hpp"

#include <cstdint>
#include <cstdlib>

using namespace earshot;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const std::string_view text = as_text(input);

  Bytes quick;
  const bool is_base64 = base64::decode_to(text, quick);
  const auto decoded = base64::decode(text);
  require(decoded.has_value() == is_base64);
  if (is_base64) {
    require(*decoded == quick);
    require(quick.size() == base64::decoded_size(text));
    require(base64::encode(quick) == text);
  }
  const auto from_url = base64::decode_url(text);
  if (from_url) require(text.starts_with(base64::encode_url(*from_url)));

  const auto back = base64::decode(base64::encode(input));
  require(back.has_value() && as_text(*back) == text);
  return 0;
}
