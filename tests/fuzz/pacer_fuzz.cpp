// links: bridge
// The input is audio and how it is cut: two bytes of length, then so many bytes as one delta, and
// so on. Whatever the cuts, every byte comes out once and in order. What follows the last delta is
// offered as text that may not be base64 at all.
#include "base/base64.hpp"
#include "bridge/pacer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace earshot;
using namespace earshot::bridge;

void take_all(Pacer& pacer, std::int64_t& queued, Bytes& heard) {
  Bytes piece_bytes;
  while (const auto piece = pacer.take(queued)) {
    if (!base64::decode_to(piece->base64, piece_bytes)) std::abort();
    if (piece_bytes.size() != static_cast<std::size_t>(piece->samples) * 2) std::abort();
    if (static_cast<std::size_t>(piece->first_sample) * 2 != heard.size()) std::abort();
    heard.insert(heard.end(), piece_bytes.begin(), piece_bytes.end());
    queued += piece->samples;
  }
  pacer.keep();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Pacer pacer({.rate_hz = 16000, .lead = 40ms, .piece = 20ms});
  Bytes offered;
  Bytes heard;
  std::int64_t samples = 0;
  std::int64_t queued = 0;
  std::size_t at = 0;
  while (at + 2 <= size) {
    const std::size_t length = std::min<std::size_t>(data[at] * 8u + data[at + 1], size - at - 2);
    const ByteView delta(data + at + 2, length);
    at += 2 + length;
    const std::string text = base64::encode(delta);
    samples += pacer.offer(1, samples, text).samples;
    offered.insert(offered.end(), delta.begin(), delta.end());
    take_all(pacer, queued, heard);
    queued = std::max<std::int64_t>(0, queued - 300);
  }
  for (int i = 0; i < 100'000 && !pacer.empty(); ++i) {
    queued = std::max<std::int64_t>(0, queued - 320);
    take_all(pacer, queued, heard);
  }
  offered.resize(offered.size() / 2 * 2);
  if (heard != offered) std::abort();

  pacer.offer(2, 0, as_text({data, size}));
  for (int i = 0; i < 100'000 && pacer.take(0); ++i) {
  }
  pacer.keep();
  return 0;
}
