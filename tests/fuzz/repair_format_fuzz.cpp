// links: recording net
#include "recording/repair_format.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

void check(earshot::ByteView bytes) {
  const auto header = earshot::recording::read_repair_header(bytes);
  if (!header) return;
  if (header->format.channels == 0 || header->voices.size() != header->format.channels)
    std::abort();
  // Rewinds to the same 64 bytes, but for channels whose voices the format has no room for.
  if (header->format.channels > earshot::recording::repair_voices_max) return;
  earshot::Bytes again;
  earshot::recording::append_repair_header(*header, again);
  if (!earshot::recording::read_repair_header(again)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const earshot::ByteView input(data, size);
  check(input);
  // What comes behind the check, with a check that fits.
  if (size < 16) return 0;
  earshot::recording::RepairHeader header{.format = {.sample_rate_hz = data[0] * 1000u + data[1],
                                                     .channels = data[2],
                                                     .bits_per_sample = 16},
                                          .frames = data[3],
                                          .voices = {}};
  for (std::size_t i = 4; i < size && i < 80; ++i)
    header.voices.push_back(static_cast<earshot::recording::Voice>(data[i]));
  earshot::Bytes bytes;
  earshot::recording::append_repair_header(header, bytes);
  check(bytes);
  return 0;
}
