// links: blob
#include "blob/list_xml.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto page = earshot::blob::parse_listing(text))
    for (const auto& blob : page->blobs)
      if (blob.name.text.empty()) std::abort();
  earshot::blob::parse_service_error(text);
  return 0;
}
