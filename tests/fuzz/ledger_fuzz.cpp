// links: domain
// Once as it comes, and once as what a crash and a bad disk leave of a real ledger: the first byte
// says where it is torn, the rest is laid over its records.
#include "domain/ledger_format.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

void check(earshot::ByteView bytes) {
  const auto contents = earshot::read_ledger(bytes);
  if (!contents) return;
  std::int64_t last = -1;
  for (const earshot::LedgerSecond& second : contents->seconds) {
    if (second.second <= last) std::abort();
    last = second.second;
  }
  const std::size_t records = contents->seconds.size() + contents->records_corrupt;
  if (records * earshot::ledger_record_bytes + contents->torn_bytes > bytes.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check({data, size});
  if (size == 0) return 0;
  earshot::Bytes bytes;
  earshot::append_ledger_header({.sample_rate_hz = 24000, .has_tap = true}, bytes);
  for (std::uint32_t i = 0; i < 4; ++i)
    earshot::append_ledger_second({.second = i * data[0], .caller_frames = 50}, bytes);
  const std::size_t from = earshot::ledger_header_bytes + size % 64;
  for (std::size_t i = 1; i < size && from + i < bytes.size(); ++i) bytes[from + i] ^= data[i];
  bytes.resize(bytes.size() - data[0] % 200);
  check(bytes);
  return 0;
}
