// links: recording net
// The first byte chops the input into how much the file "became shorter"; the rest is the file,
// served in the ranges that the reader asks for.
#include "recording/wav_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto claimed = size - 1 + data[0];
  const earshot::ByteView file(data + 1, size - 1);
  earshot::recording::WavReader reader(claimed);
  for (int i = 0; const auto range = reader.wanted(); ++i) {
    if (i > 200 || range->offset + range->length > claimed) std::abort();
    const auto begin = std::min<std::uint64_t>(range->offset, file.size());
    const auto length = std::min<std::uint64_t>(range->length, file.size() - begin);
    if (!reader.feed(file.subspan(begin, length))) return 0;
  }
  const auto& layout = reader.layout();
  if (layout.data_offset + layout.data_bytes > claimed) std::abort();
  if (layout.data_bytes % layout.format.frame_bytes() != 0) std::abort();
  return 0;
}
