#include "recording/mp3_reader.hpp"

#include <array>
#include <fmt/format.h>

namespace earshot::recording {
namespace {

// kbit/s by index, layer III; ISO/IEC 11172-3 and 13818-3.
constexpr std::array<std::uint32_t, 16> rates_mpeg1 = {0,   32,  40,  48,  56,  64,  80,  96,
                                                       112, 128, 160, 192, 224, 256, 320, 0};
constexpr std::array<std::uint32_t, 16> rates_mpeg2 = {0,  8,  16, 24,  32,  40,  48,  56,
                                                       64, 80, 96, 112, 128, 144, 160, 0};
constexpr std::array<std::uint32_t, 4> samplings_mpeg1 = {44'100, 48'000, 32'000, 0};

// The length of an ID3v2 tag at the beginning; 0 = none.
std::uint64_t id3_bytes(ByteView head) {
  if (head.size() < 10 || as_text(head.first(3)) != "ID3") return 0;
  std::uint64_t size = 0;
  for (std::size_t i = 6; i < 10; ++i) size = size << 7 | (head[i] & 0x7F);
  const bool has_footer = (head[5] & 0x10) != 0;
  return size + 10 + (has_footer ? 10 : 0);
}

}  // namespace

Duration Mp3Layout::duration() const {
  if (bits_per_second == 0) return Duration{0};
  return Duration(static_cast<std::int64_t>(static_cast<double>(data_bytes) * 8e6 /
                                            static_cast<double>(bits_per_second)));
}

Result<Mp3Layout> parse_mp3(ByteView head, std::uint64_t file_bytes) {
  const auto at = id3_bytes(head);
  if (at + 4 > head.size() || at + 4 > file_bytes)
    return fail(ErrorKind::corrupt,
                fmt::format("not a readable MP3: at byte {}: no frame within reach", at));
  const auto b = head.subspan(at, 4);
  const auto version = (b[1] >> 3) & 3;  // 0 = 2.5, 2 = 2, 3 = 1
  const auto layer = (b[1] >> 1) & 3;    // 1 = III
  const bool synchronous = b[0] == 0xFF && (b[1] & 0xE0) == 0xE0;
  const auto bit_rate = version == 3 ? rates_mpeg1[b[2] >> 4] : rates_mpeg2[b[2] >> 4];
  auto sampling = samplings_mpeg1[(b[2] >> 2) & 3];
  if (version == 2) sampling /= 2;
  if (version == 0) sampling /= 4;
  if (!synchronous || version == 1 || layer != 1 || bit_rate == 0 || sampling == 0)
    return fail(ErrorKind::corrupt,
                fmt::format("not a readable MP3: at byte {}: no layer III frame begins there", at));
  return Mp3Layout{.format = {.sample_rate_hz = sampling,
                              .channels = static_cast<std::uint16_t>((b[3] >> 6) == 3 ? 1 : 2),
                              .bits_per_sample = 0},
                   .bits_per_second = bit_rate * 1'000,
                   .data_offset = at,
                   .data_bytes = file_bytes - at};
}

}  // namespace earshot::recording
