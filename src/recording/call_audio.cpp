#include "recording/call_audio.hpp"

#include "recording/chunk_name.hpp"
#include "recording/mp3_samples.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace earshot::recording {
namespace {

bool is_pcm(const Chunk& chunk) {
  return chunk.data_bytes > 0 && chunk.format.frame_bytes() > 0 && chunk.format.sample_rate_hz > 0;
}

Task<Result<std::optional<ChunkMetadata>>> metadata_of(ChunkSource& source, BlobName name) {
  if (name.empty()) co_return std::nullopt;
  auto bytes = co_await source.read(std::move(name), 0, chunk_metadata_bytes_max + 1, "");
  if (!bytes && worth_retrying(bytes.error())) co_return Failure(bytes.error());
  if (!bytes) co_return std::nullopt;
  auto metadata = parse_chunk_metadata(*bytes);
  if (!metadata) co_return std::nullopt;
  co_return std::move(*metadata);
}

// Only where channels are told apart.
Task<Result<std::string>> caller_of(CallStore& store, std::vector<Recording> recordings) {
  const auto unmixed =
      std::ranges::find(recordings, RecordingChannels::unmixed, &Recording::channels);
  if (unmixed == recordings.end()) co_return std::string();
  auto personal = co_await store.load_personal(unmixed->call);
  if (!personal && worth_retrying(personal.error())) co_return Failure(personal.error());
  co_return personal ? std::move(personal->caller) : std::string();
}

}  // namespace

Task<Result<std::vector<ChunkAudio>>> chunk_audio(CallStore& store, ChunkSource& source,
                                                  std::vector<Recording> recordings,
                                                  std::vector<Chunk> chunks, bool mp3_too) {
  auto caller = co_await caller_of(store, recordings);
  if (!caller) co_return Failure(caller.error());
  std::vector<ChunkAudio> out;
  for (auto& chunk : chunks) {
    const bool pcm = is_pcm(chunk);
    if (!pcm && !(mp3_too && is_mp3(chunk))) continue;
    const auto recording = std::ranges::find(recordings, chunk.recording, &Recording::id);
    const auto kind =
        recording == recordings.end() ? RecordingChannels::mixed : recording->channels;
    std::optional<ChunkMetadata> metadata;
    if (kind == RecordingChannels::unmixed) {
      auto read = co_await metadata_of(source, chunk.metadata);
      if (!read) co_return Failure(read.error());
      metadata = std::move(*read);
    }
    LayoutSource layout{.format = chunk.format,
                        .frames = pcm ? chunk.data_bytes / chunk.format.frame_bytes() : 0,
                        .voices = channel_voices(chunk.format.channels, kind, metadata, *caller)};
    out.push_back({std::move(chunk), std::move(layout)});
  }
  co_return out;
}

bool is_mp3(const Chunk& chunk) {
  const auto name = parse_chunk_name(chunk.audio.text);
  return chunk.data_bytes > 0 && name && name->file == ChunkFile::mp3;
}

std::unique_ptr<SampleSource> samples_of(ChunkSource& source, const Chunk& chunk) {
  return std::make_unique<StoredSamples>(
      std::make_unique<ChunkBytes>(source, chunk.audio, chunk.etag), chunk.audio.text, chunk.format,
      chunk.data_offset, chunk.data_bytes / chunk.format.frame_bytes());
}

Task<Result<std::unique_ptr<SampleSource>>> open_samples_of(ChunkSource& source, Chunk chunk,
                                                            const AudioConversion* conversion) {
  if (!is_mp3(chunk)) co_return samples_of(source, chunk);
  if (conversion == nullptr)
    co_return fail(ErrorKind::conflict, "an mp3 chunk has no samples until it is decoded");
  co_return co_await Mp3Samples::open(
      std::make_unique<ChunkBytes>(source, chunk.audio, chunk.etag), chunk.audio.text, chunk.bytes,
      {.decoders = conversion->mp3, .offload = conversion->offload});
}

}  // namespace earshot::recording
