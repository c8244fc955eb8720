#include "recording/wav_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <string_view>

namespace earshot::recording {
namespace {

constexpr std::uint64_t first_read = 4'096;
constexpr std::uint64_t next_read = 512;
constexpr std::uint64_t format_bytes_max = 4'096;
constexpr int chunks_max = 64;
constexpr std::uint32_t unknown_size = 0xFFFF'FFFF;

std::uint16_t u16(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8);
}
std::uint32_t u32(ByteView bytes, std::size_t at) {
  return static_cast<std::uint32_t>(u16(bytes, at)) | static_cast<std::uint32_t>(u16(bytes, at + 2))
                                                          << 16;
}
std::uint64_t u64(ByteView bytes, std::size_t at) {
  return u32(bytes, at) | static_cast<std::uint64_t>(u32(bytes, at + 4)) << 32;
}
std::string_view tag(ByteView bytes, std::size_t at) { return as_text(bytes.subspan(at, 4)); }

// A tag is anybody's bytes.
std::string shown(std::string_view tag_text) {
  std::string out(tag_text);
  std::ranges::replace_if(out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

Failure bad(std::uint64_t offset, std::string_view why) {
  return fail(ErrorKind::corrupt, fmt::format("not a readable WAV: at byte {}: {}", offset, why));
}

// The last 14 bytes of every KSDATAFORMAT_SUBTYPE GUID that stands for a classic format tag.
constexpr std::array<std::uint8_t, 14> classic_subtype = {0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80,
                                                          0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71};

}  // namespace

WavReader::WavReader(std::uint64_t file_bytes) : file_bytes_(file_bytes) {
  wanted_ = {0, std::min(first_read, file_bytes)};
}

std::optional<ByteRange> WavReader::wanted() const {
  if (done_) return std::nullopt;
  return wanted_;
}

std::optional<ByteView> WavReader::window(std::uint64_t offset, std::uint64_t length) const {
  if (offset < fed_offset_ || offset - fed_offset_ > fed_.size() ||
      length > fed_.size() - (offset - fed_offset_))
    return std::nullopt;
  return fed_.subspan(offset - fed_offset_, length);
}

Result<void> WavReader::feed(ByteView bytes) {
  if (bytes.size() < wanted_.length) file_bytes_ = wanted_.offset + bytes.size();
  fed_offset_ = wanted_.offset;
  fed_ = bytes;
  if (position_ == 0)
    if (auto read = read_file_header(bytes); !read) return read;
  while (!done_) {
    if (++chunks_seen_ > chunks_max)
      return bad(position_, fmt::format("more than {} chunks before the samples", chunks_max));
    if (file_bytes_ < 8 || position_ > file_bytes_ - 8)
      return bad(position_, "the file ends before its samples begin");
    const auto header = window(position_, 8);
    if (!header) {
      wanted_ = {position_, std::min(next_read, file_bytes_ - position_)};
      --chunks_seen_;
      break;
    }
    const auto before = position_;
    if (auto read = read_chunk(*header); !read) return read;
    if (position_ == before && !done_) {  // its body was not at hand
      --chunks_seen_;
      break;
    }
  }
  fed_ = {};
  return ok();
}

Result<void> WavReader::read_file_header(ByteView bytes) {
  if (bytes.size() < 12) return bad(bytes.size(), "the file ends within its first 12 bytes");
  const auto kind = tag(bytes, 0);
  is_rf64_ = kind == "RF64" || kind == "BW64";
  if (!is_rf64_ && kind != "RIFF")
    return bad(0, fmt::format("'{}' stands where RIFF or RF64 is meant", shown(kind)));
  if (tag(bytes, 8) != "WAVE")
    return bad(8, fmt::format("'{}' stands where WAVE is meant", shown(tag(bytes, 8))));
  riff_bytes_ = u32(bytes, 4);
  position_ = 12;
  return ok();
}

Result<void> WavReader::read_chunk(ByteView header) {
  const auto kind = tag(header, 0);
  const std::uint64_t size = u32(header, 4);
  const auto body_offset = position_ + 8;
  if (kind == "data") return read_data(u32(header, 4), body_offset);
  if (kind == "fmt " || kind == "ds64") {
    if (size > format_bytes_max)
      return bad(position_, fmt::format("a '{}' chunk of {} bytes", kind, size));
    if (size > file_bytes_ - body_offset)
      return bad(position_, fmt::format("the file ends within its '{}' chunk", kind));
    const auto body = window(body_offset, size);
    if (!body) {
      wanted_ = {position_, std::min(8 + size + next_read, file_bytes_ - position_)};
      return ok();
    }
    if (auto read = kind == "fmt " ? read_format(*body) : read_ds64(*body); !read) return read;
  }
  // Chunks begin at even offsets; the padding byte is not in the size.
  position_ = body_offset + size + size % 2;
  return ok();
}

Result<void> WavReader::read_format(ByteView body) {
  const auto at = position_ + 8;
  if (body.size() < 16)
    return bad(position_, fmt::format("a 'fmt ' chunk of {} bytes; 16 are needed", body.size()));
  auto format_tag = u16(body, 0);
  if (format_tag == 0xFFFE) {
    if (body.size() < 40) return bad(position_, "an extensible 'fmt ' chunk without its extension");
    if (!std::ranges::equal(body.subspan(26, 14), classic_subtype))
      return bad(at + 24, "an extensible format that is no known one");
    format_tag = u16(body, 24);
  }
  if (format_tag != 1) return bad(at, fmt::format("format {} is not PCM", format_tag));
  layout_.format = {
      .sample_rate_hz = u32(body, 4), .channels = u16(body, 2), .bits_per_sample = u16(body, 14)};
  const auto& format = layout_.format;
  if (format.channels == 0 || format.channels > 64)
    return bad(at + 2, fmt::format("{} channels", format.channels));
  if (format.sample_rate_hz < 1'000 || format.sample_rate_hz > 384'000)
    return bad(at + 4, fmt::format("a sample rate of {} Hz", format.sample_rate_hz));
  if (format.bits_per_sample % 8 != 0 || format.bits_per_sample < 8 || format.bits_per_sample > 32)
    return bad(at + 14, fmt::format("{} bits a sample", format.bits_per_sample));
  if (u16(body, 12) != format.frame_bytes())
    return bad(at + 12, fmt::format("a block of {} bytes where {} channels of {} bits need {}",
                                    u16(body, 12), format.channels, format.bits_per_sample,
                                    format.frame_bytes()));
  has_format_ = true;
  return ok();
}

Result<void> WavReader::read_ds64(ByteView body) {
  if (body.size() < 24)
    return bad(position_, fmt::format("a 'ds64' chunk of {} bytes; 24 are needed", body.size()));
  rf64_data_bytes_ = u64(body, 8);
  return ok();
}

Result<void> WavReader::read_data(std::uint32_t declared, std::uint64_t body_offset) {
  if (!has_format_) return bad(position_, "the samples stand before their 'fmt ' chunk");
  const auto there = file_bytes_ - body_offset;
  std::uint64_t promised = declared;
  if (declared == unknown_size && is_rf64_ && rf64_data_bytes_) {
    promised = *rf64_data_bytes_;
  } else if (declared == unknown_size) {
    layout_.length_unknown = true;
  } else if (declared == 0 && there > 0) {
    // An honest empty file has a whole-file size that fits; one that was cut off has none.
    layout_.length_unknown = std::uint64_t{riff_bytes_} + 8 != file_bytes_;
  }
  auto bytes = layout_.length_unknown ? there : std::min(promised, there);
  layout_.bytes_missing = layout_.length_unknown ? 0 : promised - bytes;
  layout_.data_offset = body_offset;
  layout_.data_bytes = bytes - bytes % layout_.format.frame_bytes();
  done_ = true;
  return ok();
}

}  // namespace earshot::recording
