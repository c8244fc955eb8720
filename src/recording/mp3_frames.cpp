#include "recording/mp3_frames.hpp"

#include <array>

namespace earshot::recording {
namespace {

// kbit/s by index, layer III; ISO/IEC 11172-3 and 13818-3.
constexpr std::array<std::uint32_t, 16> rates_mpeg1 = {0,   32,  40,  48,  56,  64,  80,  96,
                                                       112, 128, 160, 192, 224, 256, 320, 0};
constexpr std::array<std::uint32_t, 16> rates_mpeg2 = {0,  8,  16, 24,  32,  40,  48,  56,
                                                       64, 80, 96, 112, 128, 144, 160, 0};
constexpr std::array<std::uint32_t, 4> samplings_mpeg1 = {44'100, 48'000, 32'000, 0};

std::optional<Mp3FrameHeader> fitting_header(ByteView bytes, const Mp3FrameHeader& like) {
  const auto header = read_mp3_frame_header(bytes);
  return header && header->goes_with(like) ? header : std::nullopt;
}

// Two bytes that look like a header stand in any noise: behind a true frame comes another, or the
// end.
bool is_confirmed(ByteView from, bool last, const Mp3FrameHeader& header,
                  const Mp3FrameHeader& like) {
  if (header.bytes + mp3_frame_header_bytes > from.size())
    return last && header.bytes <= from.size();
  return fitting_header(from.subspan(header.bytes), like).has_value();
}

}  // namespace

std::optional<Mp3FrameHeader> read_mp3_frame_header(ByteView b) {
  if (b.size() < mp3_frame_header_bytes) return std::nullopt;
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
  return Mp3FrameHeader{.sampling_hz = sampling,
                        .bits_per_second = kilobits * 1'000,
                        .samples = samples,
                        .channels = static_cast<std::uint16_t>(mono ? 1 : 2),
                        .side_info_bytes = first ? (mono ? 17U : 32U) : (mono ? 9U : 17U),
                        .bytes = std::size_t{samples} / 8 * kilobits * 1'000 / sampling + padding};
}

Mp3Step next_mp3_frame(ByteView piece, bool last, const Mp3FrameHeader& like, bool lost) {
  using Kind = Mp3Step::Kind;
  if (piece.size() < mp3_frame_header_bytes) return {.kind = last ? Kind::end : Kind::more};
  // Only where the whole of a frame and the next header can be seen.
  constexpr auto reach = mp3_frame_bytes_max + mp3_frame_header_bytes;
  const bool sees_enough = last || piece.size() > reach;
  if (const auto header = fitting_header(piece, like)) {
    if (lost && !sees_enough) return {.kind = Kind::more};
    if (!lost || is_confirmed(piece, last, *header, like)) {
      if (header->bytes <= piece.size()) return {.kind = Kind::frame, .bytes = header->bytes};
      return {.kind = last ? Kind::end : Kind::more};
    }
  }
  if (!sees_enough) return {.kind = Kind::more};
  const auto end = last ? piece.size() : piece.size() - reach;
  for (std::size_t at = 1; at < end; ++at) {
    const auto from = piece.subspan(at);
    const auto header = fitting_header(from, like);
    if (header && is_confirmed(from, last, *header, like))
      return {.kind = Kind::garbage, .bytes = at};
  }
  return {.kind = Kind::garbage, .bytes = end};
}

}  // namespace earshot::recording
