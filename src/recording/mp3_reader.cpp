#include "recording/mp3_reader.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string_view>

namespace earshot::recording {
namespace {

// kbit/s by index, layer III; ISO/IEC 11172-3 and 13818-3.
constexpr std::array<std::uint32_t, 16> rates_mpeg1 = {0,   32,  40,  48,  56,  64,  80,  96,
                                                       112, 128, 160, 192, 224, 256, 320, 0};
constexpr std::array<std::uint32_t, 16> rates_mpeg2 = {0,  8,  16, 24,  32,  40,  48,  56,
                                                       64, 80, 96, 112, 128, 144, 160, 0};
constexpr std::array<std::uint32_t, 4> samplings_mpeg1 = {44'100, 48'000, 32'000, 0};

constexpr std::size_t frame_header_bytes = 4;
constexpr std::size_t vbri_offset = 32;  // behind the header, whatever the format
constexpr std::size_t id3v1_bytes = 128;

struct FrameHeader {
  std::uint32_t sampling_hz = 0;
  std::uint32_t bits_per_second = 0;
  std::uint32_t samples = 0;
  std::uint16_t channels = 0;
  std::size_t side_info_bytes = 0;
  std::size_t bytes = 0;  // of the whole frame
};

// The length of an ID3v2 tag at the beginning; 0 = none.
std::uint64_t id3_bytes(ByteView head) {
  if (head.size() < 10 || as_text(head.first(3)) != "ID3") return 0;
  std::uint64_t size = 0;
  for (std::size_t i = 6; i < 10; ++i) size = size << 7 | (head[i] & 0x7F);
  const bool has_footer = (head[5] & 0x10) != 0;
  return size + 10 + (has_footer ? 10 : 0);
}

std::optional<FrameHeader> read_header(ByteView b) {
  if (b.size() < frame_header_bytes) return std::nullopt;
  const auto version = (b[1] >> 3) & 3;  // 0 = 2.5, 2 = 2, 3 = 1
  const auto layer = (b[1] >> 1) & 3;    // 1 = III
  const bool synchronous = b[0] == 0xFF && (b[1] & 0xE0) == 0xE0;
  const bool first = version == 3;
  const auto kilobits = first ? rates_mpeg1[b[2] >> 4] : rates_mpeg2[b[2] >> 4];
  auto sampling = samplings_mpeg1[(b[2] >> 2) & 3];
  if (version == 2) sampling /= 2;
  if (version == 0) sampling /= 4;
  if (!synchronous || version == 1 || layer != 1 || kilobits == 0 || sampling == 0)
    return std::nullopt;
  const bool mono = (b[3] >> 6) == 3;
  const std::uint32_t samples = first ? 1152 : 576;
  const std::size_t padding = (b[2] >> 1) & 1;
  return FrameHeader{.sampling_hz = sampling,
                     .bits_per_second = kilobits * 1'000,
                     .samples = samples,
                     .channels = static_cast<std::uint16_t>(mono ? 1 : 2),
                     .side_info_bytes = first ? (mono ? 17U : 32U) : (mono ? 9U : 17U),
                     .bytes = std::size_t{samples} / 8 * kilobits * 1'000 / sampling + padding};
}

std::uint32_t big_endian(ByteView bytes) {
  std::uint32_t value = 0;
  for (const auto byte : bytes.first(4)) value = value << 8 | byte;
  return value;
}

// What an encoder says of the whole file, in a frame that holds no sound.
struct Description {
  std::optional<std::uint32_t> frames;  // not counting this one
};

std::optional<Description> read_description(ByteView frame, const FrameHeader& header) {
  const auto at = [&](std::size_t offset, std::size_t count) {
    return offset + count <= frame.size() ? frame.subspan(offset, count) : ByteView{};
  };
  const std::size_t xing = frame_header_bytes + header.side_info_bytes;
  if (const auto name = as_text(at(xing, 4)); name == "Xing" || name == "Info") {
    const auto fields = at(xing + 4, 8);
    const bool counted = !fields.empty() && (big_endian(fields) & 1) != 0;
    return Description{counted ? std::optional(big_endian(fields.subspan(4))) : std::nullopt};
  }
  const std::size_t vbri = frame_header_bytes + vbri_offset;
  if (as_text(at(vbri, 4)) == "VBRI") {
    const auto count = at(vbri + 14, 4);
    return Description{count.empty() ? std::nullopt : std::optional(big_endian(count))};
  }
  return std::nullopt;
}

Error no_frame(std::uint64_t at, std::string_view what) {
  return Error{.kind = ErrorKind::corrupt,
               .message = fmt::format("not a readable MP3: at byte {}: {}", at, what)};
}

}  // namespace

Duration Mp3Layout::duration() const {
  if (frames && format.sample_rate_hz != 0)
    return Duration(static_cast<std::int64_t>(static_cast<double>(*frames) * frame_samples * 1e6 /
                                              format.sample_rate_hz));
  if (bits_per_second == 0) return Duration{0};
  return Duration(static_cast<std::int64_t>(static_cast<double>(data_bytes) * 8e6 /
                                            static_cast<double>(bits_per_second)));
}

Result<Mp3Layout> parse_mp3(ByteView head, ByteView tail, std::uint64_t file_bytes) {
  auto at = id3_bytes(head);
  if (at + frame_header_bytes > head.size() || at + frame_header_bytes > file_bytes)
    return Failure(no_frame(at, "no frame within reach"));
  const auto header = read_header(head.subspan(at));
  if (!header) return Failure(no_frame(at, "no layer III frame begins there"));
  Mp3Layout layout{.format = {.sample_rate_hz = header->sampling_hz,
                              .channels = header->channels,
                              .bits_per_sample = 0},
                   .bits_per_second = header->bits_per_second,
                   .data_offset = at,
                   .frame_samples = header->samples};
  if (const auto told = read_description(head.subspan(at), *header)) {
    at = std::min(at + header->bytes, file_bytes);
    layout.data_offset = at;
    if (told->frames && *told->frames > 0) layout.frames = *told->frames;
    // The sound need not have the bit rate of the frame that describes it.
    if (at + frame_header_bytes <= head.size())
      if (const auto next = read_header(head.subspan(at)))
        layout.bits_per_second = next->bits_per_second;
  }
  auto end = file_bytes;
  const bool has_id3v1 =
      tail.size() >= id3v1_bytes && as_text(tail.subspan(tail.size() - id3v1_bytes, 3)) == "TAG";
  if (has_id3v1 && end - at >= id3v1_bytes) end -= id3v1_bytes;
  layout.data_bytes = end - at;
  return layout;
}

}  // namespace earshot::recording
