#include "recording/service_file_check.hpp"

#include "domain/recording.hpp"
#include "recording/mp3_reader.hpp"
#include "recording/wav_reader.hpp"

#include <algorithm>

namespace earshot::recording {
namespace {

bool is_riff(ByteView head) {
  const auto text = as_text(head.first(std::min<std::size_t>(head.size(), 12)));
  return text.size() == 12 && text.ends_with("WAVE") &&
         (text.starts_with("RIFF") || text.starts_with("RF64") || text.starts_with("BW64"));
}

Result<FileLook> look_at_wav(ByteView head, std::uint64_t file_bytes) {
  WavReader reader(file_bytes);
  while (const auto range = reader.wanted()) {
    if (range->offset + range->length > head.size()) return FileLook{};
    if (auto fed = reader.feed(head.subspan(range->offset, range->length)); !fed)
      return Failure(fed.error());
  }
  const auto& layout = reader.layout();
  const Chunk samples{.format = layout.format, .data_bytes = layout.data_bytes};
  return FileLook{.audio = samples.audio_duration()};
}

}  // namespace

Result<FileLook> look_at(ByteView head, std::uint64_t file_bytes) {
  if (is_riff(head)) return look_at_wav(head, file_bytes);
  // Tags at the end of a file do not matter here.
  const auto mp3 = parse_mp3(
      head.first(std::min<std::size_t>(head.size(), static_cast<std::size_t>(mp3_head_bytes))), {},
      file_bytes);
  if (!mp3) return fail(ErrorKind::corrupt, "it is neither WAV nor MP3");
  return FileLook{.format = RecordingFormat::mp3, .audio = mp3->duration()};
}

std::optional<Duration> promised(const ChunkMetadata& metadata) {
  if (!metadata.duration) return std::nullopt;
  auto length = *metadata.duration;
  for (const auto& pause : metadata.pauses) length -= std::max(pause.duration, Duration{});
  return std::max(length, Duration{});
}

bool falls_short(Duration audio, Duration promised) {
  const auto slack = std::max<Duration>(1s, promised / 100);
  return audio + slack < promised;
}

}  // namespace earshot::recording
