#include "recording/audio_view.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace earshot::recording {
namespace {

constexpr std::uint64_t riff_bytes_max = 0xFFFF'FFFF;

void put_text(Bytes& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}
void put_number(Bytes& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void put_format(Bytes& out, const AudioFormat& format) {
  put_text(out, "fmt ");
  put_number(out, 16, 4);
  put_number(out, 1, 2);  // PCM
  put_number(out, format.channels, 2);
  put_number(out, format.sample_rate_hz, 4);
  put_number(out, std::uint64_t{format.sample_rate_hz} * format.frame_bytes(), 4);
  put_number(out, format.frame_bytes(), 2);
  put_number(out, format.bits_per_sample, 2);
}

std::string shown(const AudioFormat& format) {
  return fmt::format("{} Hz, {} channel(s), {} bits", format.sample_rate_hz, format.channels,
                     format.bits_per_sample);
}

}  // namespace

AudioPart part_of(const Chunk& chunk) {
  return {.blob = chunk.audio,
          .etag = chunk.etag,
          .format = chunk.format,
          .offset = chunk.data_offset,
          .bytes = chunk.data_bytes};
}

Bytes wav_header(const AudioFormat& format, std::uint64_t data_bytes) {
  const auto padded = data_bytes + data_bytes % 2;
  Bytes out;
  if (36 + padded <= riff_bytes_max) {
    put_text(out, "RIFF");
    put_number(out, 36 + padded, 4);
    put_text(out, "WAVE");
    put_format(out, format);
    put_text(out, "data");
    put_number(out, data_bytes, 4);
    return out;
  }
  // EBU Tech 3306: the true sizes stand in `ds64`, which comes first.
  put_text(out, "RF64");
  put_number(out, riff_bytes_max, 4);
  put_text(out, "WAVE");
  put_text(out, "ds64");
  put_number(out, 28, 4);
  put_number(out, 72 + padded, 8);
  put_number(out, data_bytes, 8);
  put_number(out, data_bytes / format.frame_bytes(), 8);
  put_number(out, 0, 4);
  put_format(out, format);
  put_text(out, "data");
  put_number(out, riff_bytes_max, 4);
  return out;
}

AudioView::AudioView(std::string content_type, Bytes header, std::vector<AudioPart> parts,
                     Bytes trailer)
    : content_type_(std::move(content_type)),
      header_(std::move(header)),
      trailer_(std::move(trailer)),
      parts_(std::move(parts)) {
  parts_end_ = header_.size();
  for (const auto& part : parts_) {
    starts_.push_back(parts_end_);
    parts_end_ += part.bytes;
  }
  size_ = parts_end_ + trailer_.size();
}

std::vector<AudioPiece> AudioView::pieces(std::uint64_t offset, std::uint64_t length) const {
  std::vector<AudioPiece> out;
  offset = std::min(offset, size_);
  const auto end = offset + std::min(length, size_ - offset);
  const auto add_literal = [&](const Bytes& literal, std::uint64_t start) {
    const auto from = std::max(offset, start);
    const auto to = std::min(end, start + literal.size());
    if (from >= to) return;
    out.push_back({.literal = Bytes(literal.begin() + static_cast<std::ptrdiff_t>(from - start),
                                    literal.begin() + static_cast<std::ptrdiff_t>(to - start))});
  };
  add_literal(header_, 0);
  const auto first = std::ranges::upper_bound(starts_, offset);
  auto index = static_cast<std::size_t>(first - starts_.begin());
  for (index -= index > 0 ? 1 : 0; index < parts_.size() && starts_[index] < end; ++index) {
    const auto from = std::max(offset, starts_[index]);
    const auto to = std::min(end, starts_[index] + parts_[index].bytes);
    if (from >= to) continue;
    out.push_back({.literal = {},
                   .part = index,
                   .offset = parts_[index].offset + (from - starts_[index]),
                   .bytes = to - from});
  }
  add_literal(trailer_, parts_end_);
  return out;
}

Result<AudioView> make_wav_view(std::vector<AudioPart> parts) {
  if (parts.empty()) return fail(ErrorKind::not_found, "the recording has no audio yet");
  const auto format = parts.front().format;
  if (format.frame_bytes() == 0 || format.sample_rate_hz == 0)
    return fail(ErrorKind::conflict, "the first chunk's audio format is not known");
  std::uint64_t data_bytes = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto& part = parts[i];
    if (part.format != format)
      return fail(ErrorKind::conflict,
                  fmt::format("the chunks cannot be joined: part {} has {}, part 0 has {}", i,
                              shown(part.format), shown(format)));
    part.bytes -= part.bytes % format.frame_bytes();
    data_bytes += part.bytes;
  }
  Bytes trailer(data_bytes % 2, 0);
  auto header = wav_header(format, data_bytes);
  return AudioView("audio/wav", std::move(header), std::move(parts), std::move(trailer));
}

Result<AudioView> make_mp3_view(std::vector<AudioPart> parts) {
  if (parts.empty()) return fail(ErrorKind::not_found, "the recording has no audio yet");
  return AudioView("audio/mpeg", {}, std::move(parts), {});
}

Task<Result<Bytes>> AudioViewReader::read(std::uint64_t offset, std::uint64_t length) {
  Bytes out;
  const auto pieces = view_.pieces(offset, std::min(length, audio_read_bytes_max));
  for (const auto& piece : pieces) {
    if (!piece.literal.empty()) {
      out.insert(out.end(), piece.literal.begin(), piece.literal.end());
      continue;
    }
    const AudioPart& part = view_.parts()[piece.part];
    auto bytes = co_await source_.read(part.blob, piece.offset, piece.bytes, part.etag);
    if (!bytes) co_return Failure(bytes.error());
    if (bytes->size() != piece.bytes)
      co_return fail(ErrorKind::corrupt,
                     fmt::format("{} ends at byte {} where {} were expected", part.blob.text,
                                 piece.offset + bytes->size(), piece.offset + piece.bytes));
    out.insert(out.end(), bytes->begin(), bytes->end());
  }
  co_return out;
}

}  // namespace earshot::recording
