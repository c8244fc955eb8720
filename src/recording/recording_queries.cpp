#include "recording/recording_queries.hpp"

#include "recording/chunk_name.hpp"
#include "recording/discovery_progress.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::recording {
namespace {

RecordingSummary summarise(Recording recording, const std::vector<Chunk>& chunks) {
  RecordingSummary summary{.recording = std::move(recording)};
  for (const auto& chunk : chunks) {
    summary.chunks += chunk.data_bytes > 0 ? 1 : 0;
    summary.bytes += chunk.bytes;
    summary.audio += length_of(chunk);
  }
  return summary;
}

std::vector<ChunkIndex> missing_of(const std::vector<Chunk>& chunks) {
  std::vector<ChunkIndex> missing;
  std::uint32_t next = 0;
  for (const auto& chunk : chunks) {
    for (; next < chunk.index.value && next <= chunk_index_max; ++next) missing.push_back({next});
    if (chunk.data_bytes == 0) missing.push_back(chunk.index);
    next = chunk.index.value + 1;
  }
  return missing;
}

bool is_mp3(const std::vector<AudioPart>& parts) {
  return !parts.empty() && std::ranges::all_of(parts, [](const AudioPart& part) {
    const auto name = parse_chunk_name(part.blob.text);
    return name && name->file == ChunkFile::mp3;
  });
}

std::string stamp(const Recording& recording) {
  auto text = to_iso8601(std::chrono::floor<std::chrono::seconds>(
      recording.active_at.value_or(recording.requested_at)));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text.substr(0, 15) + "Z";
}

}  // namespace

Task<Result<std::vector<RecordingSummary>>> RecordingQueries::list(RecordingQuery query) {
  auto recordings = co_await store_.list_recordings(std::move(query));
  if (!recordings) co_return Failure(recordings.error());
  std::vector<RecordingSummary> summaries;
  for (auto& recording : *recordings) {
    auto chunks = co_await store_.chunks_of(recording.id);
    if (!chunks) co_return Failure(chunks.error());
    summaries.push_back(summarise(std::move(recording), *chunks));
  }
  co_return summaries;
}

Task<Result<RecordingDetail>> RecordingQueries::load(RecordingId id) {
  auto recording = co_await store_.load_recording(id);
  if (!recording) co_return Failure(recording.error());
  auto chunks = co_await store_.chunks_of(id);
  if (!chunks) co_return Failure(chunks.error());
  auto pauses = co_await store_.pauses_of(id);
  if (!pauses) co_return Failure(pauses.error());
  RecordingDetail detail{.summary = summarise(std::move(*recording), *chunks),
                         .pauses = std::move(*pauses)};
  detail.chunks = std::move(*chunks);
  detail.missing = missing_of(detail.chunks);
  co_return detail;
}

Task<Result<OpenedAudio>> RecordingQueries::open_audio(RecordingId id) {
  auto detail = co_await load(id);
  if (!detail) co_return Failure(detail.error());
  std::vector<AudioPart> parts;
  for (const auto& chunk : detail->chunks)
    if (chunk.data_bytes > 0) parts.push_back(part_of(chunk));
  const bool mp3 = is_mp3(parts);
  auto view = mp3 ? make_mp3_view(std::move(parts)) : make_wav_view(std::move(parts));
  if (!view) co_return Failure(view.error());
  co_return OpenedAudio{
      .reader = std::make_unique<AudioViewReader>(source_, std::move(*view)),
      .file_name =
          fmt::format("recording-{}.{}", stamp(detail->summary.recording), mp3 ? "mp3" : "wav"),
      .missing = std::move(detail->missing)};
}

Task<Result<OpenedAudio>> RecordingQueries::open_chunk(RecordingId id, ChunkIndex index) {
  auto detail = co_await load(id);
  if (!detail) co_return Failure(detail.error());
  const auto chunk = std::ranges::find(detail->chunks, index, &Chunk::index);
  if (chunk == detail->chunks.end() || chunk->audio.empty())
    co_return fail(ErrorKind::not_found, fmt::format("the recording has no chunk {}", index.value));
  const auto name = parse_chunk_name(chunk->audio.text);
  const bool mp3 = name && name->file == ChunkFile::mp3;
  std::vector<AudioPart> parts = {{.blob = chunk->audio,
                                   .etag = chunk->etag,
                                   .format = {},
                                   .offset = 0,
                                   .bytes = chunk->bytes}};
  AudioView view(mp3 ? "audio/mpeg" : "audio/wav", {}, std::move(parts), {});
  co_return OpenedAudio{
      .reader = std::make_unique<AudioViewReader>(source_, std::move(view)),
      .file_name = fmt::format("recording-{}-{}.{}", stamp(detail->summary.recording), index.value,
                               mp3 ? "mp3" : "wav"),
      .missing = {}};
}

}  // namespace earshot::recording
