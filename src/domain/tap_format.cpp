#include "domain/tap_format.hpp"

#include "base/little_endian.hpp"
#include "domain/sample_hash.hpp"

#include <algorithm>
#include <string_view>

namespace earshot {

namespace {

constexpr std::string_view magic = "EARSHTAP";
constexpr std::string_view block_magic = "TAPB";
constexpr std::size_t header_checked_bytes = 56;
constexpr std::size_t block_check_at = 16;
constexpr std::size_t bytes_a_frame = 4;

std::uint64_t block_check(ByteView block_header, ByteView samples) {
  SampleHash hash;
  hash.add(block_header.first(block_check_at));
  hash.add(samples);
  return hash.finish();
}

}  // namespace

void append_tap_header(const TapHeader& header, Bytes& out) {
  const std::size_t start = out.size();
  out.insert(out.end(), magic.begin(), magic.end());
  put_le(tap_version, out);
  put_le(static_cast<std::uint16_t>(tap_header_bytes), out);
  put_le(std::uint16_t{2}, out);
  put_le(std::uint16_t{16}, out);
  put_le(header.sample_rate_hz, out);
  put_le(std::uint32_t{0}, out);
  put_le(std::int64_t{to_unix_us(header.call_time_zero)}, out);
  put_le(std::int64_t{header.run_start.count()}, out);
  put_le(std::uint64_t{0}, out);
  put_le(std::uint64_t{0}, out);
  put_le(hash_of(ByteView(out).subspan(start)), out);
}

void append_tap_block(std::uint32_t second, std::uint32_t first_frame,
                      std::span<const std::int16_t> interleaved, SampleHash& of_second,
                      Bytes& out) {
  const std::size_t start = out.size();
  const ByteView samples{reinterpret_cast<const std::uint8_t*>(interleaved.data()),
                         interleaved.size_bytes()};
  out.insert(out.end(), block_magic.begin(), block_magic.end());
  put_le(second, out);
  put_le(first_frame, out);
  put_le(static_cast<std::uint32_t>(interleaved.size() / 2), out);
  SampleHash check;
  check.add(ByteView(out).subspan(start, block_check_at));
  SampleHash::add_to_both(check, of_second, samples);
  put_le(check.finish(), out);
  out.insert(out.end(), samples.begin(), samples.end());
}

Result<TapReader> TapReader::open(ByteView bytes) {
  if (bytes.size() < tap_header_bytes || as_text(bytes.first(magic.size())) != magic)
    return fail(ErrorKind::corrupt, "this is not a tap: its first bytes are others");
  if (get_le<std::uint64_t>(bytes, header_checked_bytes) !=
      hash_of(bytes.first(header_checked_bytes)))
    return fail(ErrorKind::corrupt, "the tap's header does not match its check");
  TapHeader header;
  header.sample_rate_hz = get_le<std::uint32_t>(bytes, 16);
  const std::size_t header_bytes = get_le<std::uint16_t>(bytes, 10);
  if (get_le<std::uint16_t>(bytes, 8) != tap_version || header_bytes < tap_header_bytes ||
      get_le<std::uint16_t>(bytes, 12) != 2 || get_le<std::uint16_t>(bytes, 14) != 16 ||
      header.sample_rate_hz == 0 || header.sample_rate_hz > tap_rate_max_hz)
    return fail(ErrorKind::corrupt, "the tap is of a version that is not known here");
  header.call_time_zero = from_unix_us(get_le<std::int64_t>(bytes, 24));
  header.run_start = Duration(get_le<std::int64_t>(bytes, 32));
  return TapReader(header, bytes, std::min(header_bytes, bytes.size()));
}

std::optional<TapBlock> TapReader::block_at(std::size_t offset) const {
  const ByteView rest = bytes_.subspan(offset);
  if (rest.size() < tap_block_header_bytes ||
      as_text(rest.first(block_magic.size())) != block_magic)
    return std::nullopt;
  TapBlock block{.second = get_le<std::uint32_t>(rest, 4),
                 .first_frame = get_le<std::uint32_t>(rest, 8),
                 .frames = get_le<std::uint32_t>(rest, 12)};
  if (block.frames == 0 || block.frames > header_.sample_rate_hz ||
      block.first_frame > header_.sample_rate_hz - block.frames)
    return std::nullopt;
  const std::size_t sample_bytes = std::size_t{block.frames} * bytes_a_frame;
  if (rest.size() - tap_block_header_bytes < sample_bytes) return std::nullopt;
  block.samples = rest.subspan(tap_block_header_bytes, sample_bytes);
  if (get_le<std::uint64_t>(rest, block_check_at) != block_check(rest, block.samples))
    return std::nullopt;
  return block;
}

std::optional<TapBlock> TapReader::next() {
  while (offset_ < bytes_.size()) {
    if (auto block = block_at(offset_)) {
      offset_ += tap_block_header_bytes + block->samples.size();
      return block;
    }
    const std::string_view rest = as_text(bytes_.subspan(offset_));
    const std::size_t found = rest.find(block_magic, 1);
    const std::size_t skipped = found == std::string_view::npos ? rest.size() : found;
    bytes_skipped_ += skipped;
    offset_ += skipped;
  }
  return std::nullopt;
}

}  // namespace earshot
