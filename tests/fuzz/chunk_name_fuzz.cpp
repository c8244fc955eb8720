// links: recording net
// Names by line: each is parsed alone, and all are grouped.
#include "recording/chunk_name.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<earshot::BlobInfo> blobs;
  std::size_t chunk_files = 0;
  while (!text.empty() && blobs.size() < 1'000) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto name = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (const auto parsed = earshot::recording::parse_chunk_name(name)) {
      ++chunk_files;
      if (!name.starts_with(parsed->folder)) std::abort();
      if (parsed->index.value > earshot::recording::chunk_index_max) std::abort();
    }
    blobs.push_back({.name = {std::string(name)}});
  }
  std::size_t grouped = 0;
  for (const auto& [folder, chunks] : earshot::recording::group_chunks(blobs))
    grouped += chunks.size();
  if (grouped > chunk_files) std::abort();
  earshot::recording::percent_encoded(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
