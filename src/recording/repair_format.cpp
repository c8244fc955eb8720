#include "recording/repair_format.hpp"

#include "base/little_endian.hpp"
#include "domain/sample_hash.hpp"

#include <algorithm>
#include <string_view>

namespace earshot::recording {
namespace {

constexpr std::string_view magic = "EARSHREP";
constexpr std::uint16_t version = 1;
constexpr std::size_t checked_bytes = 56;
constexpr std::size_t voices_at = 32;
constexpr std::uint16_t channels_max = 64;
constexpr std::uint32_t rate_max_hz = 384'000;

}  // namespace

void append_repair_header(const RepairHeader& header, Bytes& out) {
  const std::size_t start = out.size();
  out.insert(out.end(), magic.begin(), magic.end());
  put_le(version, out);
  put_le(static_cast<std::uint16_t>(repair_header_bytes), out);
  put_le(header.format.channels, out);
  put_le(std::uint16_t{16}, out);
  put_le(header.format.sample_rate_hz, out);
  put_le(std::uint32_t{0}, out);
  put_le(header.frames, out);
  for (std::size_t i = 0; i < repair_voices_max; ++i)
    out.push_back(i < header.voices.size() ? static_cast<std::uint8_t>(header.voices[i]) : 0);
  put_le(hash_of(ByteView(out).subspan(start)), out);
}

Result<RepairHeader> read_repair_header(ByteView bytes) {
  if (bytes.size() < repair_header_bytes || as_text(bytes.first(magic.size())) != magic)
    return fail(ErrorKind::corrupt, "this is no rendered repair: its first bytes are others");
  if (get_le<std::uint64_t>(bytes, checked_bytes) != hash_of(bytes.first(checked_bytes)))
    return fail(ErrorKind::corrupt, "the repair's header does not match its check");
  RepairHeader header;
  header.format = {.sample_rate_hz = get_le<std::uint32_t>(bytes, 16),
                   .channels = get_le<std::uint16_t>(bytes, 12),
                   .bits_per_sample = get_le<std::uint16_t>(bytes, 14)};
  header.frames = get_le<std::uint64_t>(bytes, 24);
  const auto& format = header.format;
  if (get_le<std::uint16_t>(bytes, 8) != version ||
      get_le<std::uint16_t>(bytes, 10) != repair_header_bytes || format.bits_per_sample != 16 ||
      format.channels == 0 || format.channels > channels_max || format.sample_rate_hz == 0 ||
      format.sample_rate_hz > rate_max_hz)
    return fail(ErrorKind::corrupt, "the repair is of a version that is not known here");
  for (std::size_t i = 0; i < std::min<std::size_t>(format.channels, repair_voices_max); ++i) {
    const auto voice = bytes[voices_at + i];
    header.voices.push_back(voice > static_cast<std::uint8_t>(Voice::other)
                                ? Voice::unknown
                                : static_cast<Voice>(voice));
  }
  header.voices.resize(format.channels, Voice::unknown);
  return header;
}

}  // namespace earshot::recording
