// links: recording net
#include "recording/chunk_metadata.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = earshot::recording::parse_chunk_metadata({data, size});
  if (!parsed) return 0;
  if (parsed->participants.size() > earshot::recording::chunk_metadata_items_max) std::abort();
  if (parsed->duration && *parsed->duration < earshot::Duration{}) std::abort();
  return 0;
}
