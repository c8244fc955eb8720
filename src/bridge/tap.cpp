#include "bridge/tap.hpp"

#include <algorithm>
#include <array>

namespace earshot::bridge {

Tap::Tap(TapRun& run, const TapHeader& header) : run_(run), rate_hz_(header.sample_rate_hz) {
  Bytes bytes;
  append_tap_header(header, bytes);
  if (!run_.append(SpoolKind::tap, bytes)) ++blocks_refused_;
}

void Tap::write(std::int64_t position, std::span<const std::int16_t> interleaved) {
  // The thread's: a block is made and copied on within this call.
  thread_local Bytes block;
  block.clear();
  append_tap_block(static_cast<std::uint32_t>(position / rate_hz_),
                   static_cast<std::uint32_t>(position % rate_hz_), interleaved, hash_, block);
  if (!run_.append(SpoolKind::tap, block)) ++blocks_refused_;
}

void Tap::skip(std::int64_t frames) {
  static constexpr std::array<std::uint8_t, 1024> zeros{};
  for (auto bytes = static_cast<std::size_t>(frames) * 4; bytes > 0;) {
    const std::size_t part = std::min(bytes, zeros.size());
    hash_.add(ByteView(zeros).first(part));
    bytes -= part;
  }
}

}  // namespace earshot::bridge
