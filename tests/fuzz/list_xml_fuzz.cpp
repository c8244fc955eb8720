// links: blob
#include "blob/delegation_key_xml.hpp"
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
  // What goes into a link is nothing that could begin another parameter of it.
  if (const auto key = earshot::blob::parse_delegation_key(text))
    for (const auto& part : {key->object_id, key->tenant_id, key->start, key->expiry, key->service})
      if (part.empty() || part.find_first_of("&?# \n") != std::string::npos) std::abort();
  return 0;
}
