#include "recording/chunk_inspector.hpp"

#include "recording/chunk_name.hpp"
#include "recording/mp3_reader.hpp"
#include "recording/wav_reader.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::recording {
namespace {

// A blob that is gone or another one between listing and reading: look again later.
Error as_moving(Error error) {
  if (error.kind == ErrorKind::not_found || error.kind == ErrorKind::conflict)
    error.kind = ErrorKind::unavailable;
  return error;
}

bool is_same_audio(const Chunk& known, const FoundChunk& found) {
  return known.data_bytes > 0 && known.audio == found.audio && known.etag == found.etag &&
         known.bytes == found.bytes;
}

void take_metadata(const ChunkMetadata& metadata, InspectedChunk& inspected) {
  auto& chunk = inspected.chunk;
  chunk.start = metadata.start;
  chunk.duration = metadata.duration;
  if (chunk.document_id.empty()) chunk.document_id = metadata.document_id;
  inspected.pauses = metadata.pauses;
  if (metadata.index && *metadata.index != chunk.index.value)
    inspected.notes.push_back(fmt::format("its metadata says index {}", *metadata.index));
}

void compare_with_metadata(const ChunkMetadata& metadata, InspectedChunk& inspected) {
  const auto& format = inspected.chunk.format;
  if (metadata.sample_rate_hz && format.sample_rate_hz != 0 &&
      *metadata.sample_rate_hz != format.sample_rate_hz)
    inspected.notes.push_back(fmt::format("its metadata says {} Hz, its header {}",
                                          *metadata.sample_rate_hz, format.sample_rate_hz));
}

}  // namespace

Task<Result<InspectedChunk>> ChunkInspector::inspect(RecordingId recording, FoundChunk found,
                                                     std::optional<Chunk> known) {
  InspectedChunk inspected;
  inspected.chunk = {.recording = std::move(recording),
                     .index = found.index,
                     .audio = found.audio,
                     .metadata = found.metadata,
                     .document_id = found.document_id,
                     .bytes = found.bytes,
                     .etag = found.etag,
                     .found_at = clock_.wall_now()};
  auto& metadata = inspected.metadata;
  if (!found.metadata.empty()) {
    auto read = co_await read_metadata(found.metadata);
    if (!read && worth_retrying(read.error())) co_return Failure(read.error());
    if (!read) inspected.notes.push_back(read.error().message);
    if (read) metadata = std::move(*read);
  }
  if (metadata) take_metadata(*metadata, inspected);
  if (known && is_same_audio(*known, found)) {
    inspected.chunk.format = known->format;
    inspected.chunk.data_offset = known->data_offset;
    inspected.chunk.data_bytes = known->data_bytes;
    inspected.chunk.found_at = known->found_at;
    if (!inspected.chunk.duration) inspected.chunk.duration = known->duration;
    co_return inspected;
  }
  auto read = co_await read_audio(std::move(inspected));
  if (read && read->metadata) compare_with_metadata(*read->metadata, *read);
  co_return read;
}

Task<Result<std::optional<ChunkMetadata>>> ChunkInspector::read_metadata(BlobName name) {
  auto bytes = co_await source_.read(std::move(name), 0, chunk_metadata_bytes_max + 1, "");
  if (!bytes && bytes.error().kind == ErrorKind::not_found) co_return std::nullopt;
  if (!bytes) co_return Failure(bytes.error());
  auto parsed = parse_chunk_metadata(*bytes);
  if (!parsed) co_return Failure(parsed.error());
  co_return std::move(*parsed);
}

Task<Result<InspectedChunk>> ChunkInspector::read_audio(InspectedChunk inspected) {
  const auto& chunk = inspected.chunk;
  if (chunk.audio.empty()) {
    inspected.unusable = "only its metadata is there";
    co_return inspected;
  }
  if (chunk.bytes == 0) {
    inspected.unusable = "it is empty";
    co_return inspected;
  }
  const auto name = parse_chunk_name(chunk.audio.text);
  const auto file = name ? name->file : ChunkFile::wav;
  if (file == ChunkFile::wav) co_return co_await read_wav(std::move(inspected));
  if (file == ChunkFile::mp3) co_return co_await read_mp3(std::move(inspected));
  inspected.unusable = "its format is not supported";
  co_return inspected;
}

Task<Result<InspectedChunk>> ChunkInspector::read_wav(InspectedChunk inspected) {
  auto& chunk = inspected.chunk;
  WavReader reader(chunk.bytes);
  while (const auto range = reader.wanted()) {
    auto bytes = co_await read_range(chunk, range->offset, range->length);
    if (!bytes) co_return Failure(bytes.error());
    if (auto fed = reader.feed(*bytes); !fed) {
      inspected.unusable = fed.error().message;
      co_return inspected;
    }
  }
  const auto& layout = reader.layout();
  chunk.format = layout.format;
  chunk.data_offset = layout.data_offset;
  chunk.data_bytes = layout.data_bytes;
  if (layout.data_bytes == 0) inspected.unusable = "it holds no samples";
  if (layout.length_unknown) inspected.notes.push_back("its header gives no length");
  inspected.bytes_missing = layout.bytes_missing;
  if (layout.bytes_missing > 0)
    inspected.notes.push_back(
        fmt::format("its header promises {} bytes more than there are", layout.bytes_missing));
  co_return inspected;
}

Task<Result<InspectedChunk>> ChunkInspector::read_mp3(InspectedChunk inspected) {
  auto& chunk = inspected.chunk;
  auto head = co_await read_range(chunk, 0, std::min(mp3_head_bytes, chunk.bytes));
  if (!head) co_return Failure(head.error());
  const auto tail_bytes = std::min(mp3_tail_bytes, chunk.bytes);
  auto tail = co_await read_range(chunk, chunk.bytes - tail_bytes, tail_bytes);
  if (!tail) co_return Failure(tail.error());
  const auto layout = parse_mp3(*head, *tail, chunk.bytes);
  if (!layout) {
    inspected.unusable = layout.error().message;
    co_return inspected;
  }
  chunk.format = layout->format;
  chunk.data_offset = layout->data_offset;
  chunk.data_bytes = layout->data_bytes;
  if (!chunk.duration) chunk.duration = layout->duration();
  co_return inspected;
}

Task<Result<Bytes>> ChunkInspector::read_range(Chunk chunk, std::uint64_t offset,
                                               std::uint64_t length) {
  auto bytes = co_await source_.read(chunk.audio, offset, length, chunk.etag);
  if (!bytes) co_return Failure(as_moving(bytes.error()));
  co_return bytes;
}

}  // namespace earshot::recording
