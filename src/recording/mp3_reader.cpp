#include "recording/mp3_reader.hpp"

#include "recording/mp3_frames.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace earshot::recording {
namespace {

constexpr std::size_t vbri_offset = 32;  // behind the header, whatever the format
constexpr std::size_t id3v1_bytes = 128;

// The length of an ID3v2 tag at the beginning; 0 = none.
std::uint64_t id3_bytes(ByteView head) {
  if (head.size() < 10 || as_text(head.first(3)) != "ID3") return 0;
  std::uint64_t size = 0;
  for (std::size_t i = 6; i < 10; ++i) size = size << 7 | (head[i] & 0x7F);
  const bool has_footer = (head[5] & 0x10) != 0;
  return size + 10 + (has_footer ? 10 : 0);
}

std::uint32_t big_endian(ByteView bytes) {
  std::uint32_t value = 0;
  for (const auto byte : bytes.first(4)) value = value << 8 | byte;
  return value;
}

// What an encoder says of the whole file, in a frame that holds no sound.
struct Description {
  std::optional<std::uint32_t> frames;  // not counting this one
  std::optional<std::uint32_t> delay;   // samples of silence before the sound
  std::uint32_t padding = 0;            // and behind it
};

constexpr std::size_t lame_delay_offset = 21;

// LAME's own fields, behind those of Xing; libavcodec and libavformat write them too.
void read_lame_delay(ByteView fields, Description& description) {
  if (fields.size() < lame_delay_offset + 3) return;
  const auto writer = as_text(fields.first(4));
  if (writer != "LAME" && writer != "Lavf" && writer != "Lavc") return;
  const auto at = fields.subspan(lame_delay_offset);
  description.delay = std::uint32_t{at[0]} << 4 | at[1] >> 4;
  description.padding = (at[1] & 0x0FU) << 8 | at[2];
}

std::optional<Description> read_description(ByteView frame, const Mp3FrameHeader& header) {
  const auto at = [&](std::size_t offset, std::size_t count) {
    return offset + count <= frame.size() ? frame.subspan(offset, count) : ByteView{};
  };
  const std::size_t xing = mp3_frame_header_bytes + header.side_info_bytes;
  if (const auto name = as_text(at(xing, 4)); name == "Xing" || name == "Info") {
    const auto fields = at(xing + 4, 8);
    const auto flags = fields.empty() ? 0 : big_endian(fields);
    Description description;
    if ((flags & 1) != 0) description.frames = big_endian(fields.subspan(4));
    // Frames, bytes, a table of contents and a quality, of which any may be missing.
    const std::size_t lame = xing + 8 + ((flags & 1) != 0 ? 4 : 0) + ((flags & 2) != 0 ? 4 : 0) +
                             ((flags & 4) != 0 ? 100 : 0) + ((flags & 8) != 0 ? 4 : 0);
    if (lame < frame.size()) read_lame_delay(frame.subspan(lame), description);
    return description;
  }
  const std::size_t vbri = mp3_frame_header_bytes + vbri_offset;
  if (as_text(at(vbri, 4)) == "VBRI") {
    const auto count = at(vbri + 14, 4);
    Description description;
    if (!count.empty()) description.frames = big_endian(count);
    return description;
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
  if (at + mp3_frame_header_bytes > head.size() || at + mp3_frame_header_bytes > file_bytes)
    return Failure(no_frame(at, "no frame within reach"));
  const auto header = read_mp3_frame_header(head.subspan(at));
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
    layout.encoder_delay = told->delay;
    layout.encoder_padding = told->padding;
    // The sound need not have the bit rate of the frame that describes it.
    if (at + mp3_frame_header_bytes <= head.size())
      if (const auto next = read_mp3_frame_header(head.subspan(at)))
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
