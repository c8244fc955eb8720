#include "recording/wav_audio.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

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

// Frames of the source that a piece of a stretched span needs, one by one.
void spread(const PcmSpan& span, PcmPiece piece, ByteView stored, std::uint64_t stored_first,
            std::uint32_t frame_bytes, Bytes& out) {
  for (std::uint64_t i = 0; i < piece.frames; ++i) {
    const auto frame = source_frame(span, piece.first + i) - stored_first;
    const auto bytes = stored.subspan(frame * frame_bytes, frame_bytes);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
}

}  // namespace

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

WavAudio::WavAudio(PcmLayout layout, std::vector<std::unique_ptr<SampleSource>> sources)
    : layout_(std::move(layout)),
      sources_(std::move(sources)),
      data_bytes_(layout_.frames() * layout_.format().frame_bytes()),
      header_(wav_header(layout_.format(), data_bytes_)) {}

Task<Result<Bytes>> WavAudio::read(std::uint64_t offset, std::uint64_t length) {
  Bytes out;
  const auto all = size();
  offset = std::min(offset, all);
  const auto end = offset + std::min({length, audio_read_bytes_max, all - offset});
  const std::uint64_t frame_bytes = layout_.format().frame_bytes();
  if (offset < header_.size())
    out.assign(header_.begin() + static_cast<std::ptrdiff_t>(offset),
               header_.begin() +
                   static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(end, header_.size())));
  const auto data_end = header_.size() + data_bytes_;
  const auto from = std::max<std::uint64_t>(offset, header_.size()) - header_.size();
  const auto to = std::min(end, data_end) - std::min<std::uint64_t>(end, header_.size());
  if (from < to) {
    const auto first = from / frame_bytes;
    auto frames = co_await read_frames(first, (to + frame_bytes - 1) / frame_bytes - first);
    if (!frames) co_return Failure(frames.error());
    const auto skipped = from - first * frame_bytes;
    // The usual case costs no copy.
    if (out.empty() && skipped == 0) {
      frames->resize(to - from);
      out = std::move(*frames);
    } else {
      const auto begin = frames->begin() + static_cast<std::ptrdiff_t>(skipped);
      out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(to - from));
    }
  }
  if (end > std::max(offset, data_end)) out.resize(out.size() + (end - std::max(offset, data_end)));
  co_return out;
}

Task<Result<Bytes>> WavAudio::read_frames(std::uint64_t first, std::uint64_t count) {
  Bytes out;
  const auto pieces = layout_.pieces(first, count);
  for (const auto& piece : pieces)
    if (auto added = co_await append_piece(piece, out); !added) co_return Failure(added.error());
  co_return out;
}

Task<Result<void>> WavAudio::append_piece(PcmPiece piece, Bytes& out) {
  const auto& span = layout_.spans()[piece.span];
  if (span.source == pcm_silence) {
    out.resize(out.size() + piece.frames * layout_.format().frame_bytes());
    co_return ok();
  }
  auto& source = *sources_.at(span.source);
  const auto first = source_frame(span, piece.first);
  const auto last = source_frame(span, piece.first + piece.frames - 1);
  auto stored = co_await source.read(first, last + 1 - first);
  if (!stored) co_return Failure(stored.error());
  if (span.frames != span.source_frames) {
    Bytes every;
    every.reserve(piece.frames * source.format().frame_bytes());
    spread(span, piece, *stored, first, source.format().frame_bytes(), every);
    *stored = std::move(every);
  }
  if (out.empty() && is_unchanged(source.format(), span.channels))
    out = std::move(*stored);
  else
    convert_frames(*stored, source.format(), span.channels, out);
  co_return ok();
}

}  // namespace earshot::recording
