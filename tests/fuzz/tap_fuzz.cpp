// links: domain
// Once as it comes, and once as what a crash and a bad disk leave of a real tap.
#include "domain/sample_hash.hpp"
#include "domain/tap_format.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

void check(earshot::ByteView bytes) {
  auto reader = earshot::TapReader::open(bytes);
  if (!reader) return;
  while (const auto block = reader->next()) {
    if (block->samples.size() != std::size_t{block->frames} * 4) std::abort();
    if (block->first_frame + block->frames > reader->header().sample_rate_hz) std::abort();
    if (block->samples.data() < bytes.data() ||
        block->samples.data() + block->samples.size() > bytes.data() + bytes.size())
      std::abort();
  }
  if (reader->offset() != bytes.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check({data, size});
  if (size == 0) return 0;
  earshot::Bytes bytes;
  earshot::append_tap_header({.sample_rate_hz = 16000}, bytes);
  earshot::SampleHash of_second;
  for (std::uint32_t i = 0; i < 3; ++i)
    earshot::append_tap_block(i, data[0], std::vector<std::int16_t>(16, 5), of_second, bytes);
  const std::size_t from = earshot::tap_header_bytes + size % 64;
  for (std::size_t i = 1; i < size && from + i < bytes.size(); ++i) bytes[from + i] ^= data[i];
  bytes.resize(bytes.size() - data[0] % 100);
  check(bytes);
  return 0;
}
