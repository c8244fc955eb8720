#include "recording/recording_queries.hpp"

#include "recording/archived_audio.hpp"
#include "recording/chunk_name.hpp"
#include "recording/discovery_progress.hpp"
#include "recording/joined_bytes.hpp"
#include "recording/manifest_writer.hpp"

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
  detail.missing = missing_chunks(detail.chunks);
  co_return detail;
}

Task<Result<AudioSubject>> RecordingQueries::subject_of(RecordingId id, AudioSource source) {
  auto recording = co_await store_.load_recording(id);
  if (!recording) co_return Failure(recording.error());
  auto subject = co_await subject_of_call(recording->call);
  if (!subject || source != AudioSource::acs) co_return subject;
  std::erase_if(subject->recordings, [&](const Recording& other) { return other.id != id; });
  std::erase_if(subject->chunks, [&](const Chunk& chunk) { return chunk.recording != id; });
  co_return subject;
}

Task<Result<AudioSubject>> RecordingQueries::subject_of_call(ContextId id) {
  auto call = co_await store_.load_call(id);
  if (!call) co_return Failure(call.error());
  auto recordings = co_await store_.recordings_of(id);
  if (!recordings) co_return Failure(recordings.error());
  AudioSubject subject{.call = std::move(*call), .recordings = std::move(*recordings)};
  for (const auto& recording : subject.recordings) {
    auto chunks = co_await store_.chunks_of(recording.id);
    if (!chunks) co_return Failure(chunks.error());
    std::ranges::move(*chunks, std::back_inserter(subject.chunks));
  }
  auto verdict = co_await store_.verdict_of(subject.call.id, std::nullopt);
  if (!verdict) co_return Failure(verdict.error());
  if (*verdict) {
    subject.timeline = std::move((*verdict)->timeline);
    subject.verdict = (*verdict)->number;
  }
  co_return subject;
}

Task<Result<std::string>> RecordingQueries::manifest(RecordingId id, std::optional<int> verdict) {
  auto subject = co_await subject_of(std::move(id), AudioSource::repaired);
  if (!subject) co_return Failure(subject.error());
  auto name = manifest_blob(*subject, verdict);
  auto bytes = co_await blobs_.read(std::move(name), 0, manifest_bytes_max, "");
  if (!bytes && bytes.error().kind == ErrorKind::not_found)
    co_return fail(ErrorKind::not_found, "the recording has no such manifest (yet)");
  if (!bytes) co_return Failure(bytes.error());
  co_return std::string(as_text(*bytes));
}

Task<Result<void>> RecordingQueries::readable(ContextId call) {
  auto subject = co_await subject_of_call(call);
  if (!subject) co_return Failure(subject.error());
  co_return co_await check_readable(blobs_, std::move(subject->chunks), std::move(call));
}

Task<Result<OpenedAudio>> RecordingQueries::open_audio(RecordingId id, AudioRequest request) {
  auto subject = co_await subject_of(std::move(id), request.source);
  if (!subject) co_return Failure(subject.error());
  co_return co_await opener_.open(std::move(*subject), request);
}

Task<Result<OpenedAudio>> RecordingQueries::open_call_audio(ContextId call, AudioRequest request) {
  auto subject = co_await subject_of_call(std::move(call));
  if (!subject) co_return Failure(subject.error());
  co_return co_await opener_.open(std::move(*subject), request);
}

Task<Result<OpenedAudio>> RecordingQueries::open_chunk(RecordingId id, ChunkIndex index) {
  auto detail = co_await load(id);
  if (!detail) co_return Failure(detail.error());
  const auto chunk = std::ranges::find(detail->chunks, index, &Chunk::index);
  if (chunk == detail->chunks.end() || chunk->audio.empty())
    co_return fail(ErrorKind::not_found, fmt::format("the recording has no chunk {}", index.value));
  std::vector<Chunk> wanted{*chunk};
  auto readable =
      co_await check_readable(blobs_, std::move(wanted), detail->summary.recording.call);
  if (!readable) co_return Failure(readable.error());
  const auto name = parse_chunk_name(chunk->audio.text);
  const bool mp3 = name && name->file == ChunkFile::mp3;
  std::vector<BytePart> parts;
  parts.push_back({.source = std::make_unique<ChunkBytes>(source_, chunk->audio, chunk->etag),
                   .name = chunk->audio.text,
                   .offset = 0,
                   .bytes = chunk->bytes});
  const auto& recording = detail->summary.recording;
  co_return OpenedAudio{
      .reader = std::make_unique<JoinedBytes>(mp3 ? "audio/mpeg" : "audio/wav", std::move(parts)),
      .file_name = fmt::format("recording-{}-{}.{}",
                               file_stamp(recording.active_at.value_or(recording.requested_at)),
                               index.value, mp3 ? "mp3" : "wav"),
      .etag = fmt::format("\"{}\"", chunk->etag)};
}

}  // namespace earshot::recording
