#include "recording/manifest_writer.hpp"

#include "base/crypto.hpp"
#include "domain/imported_call.hpp"
#include "recording/mender.hpp"
#include "recording/tap_uploader.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

constexpr std::uint64_t hashed_at_once = 4 << 20;
constexpr std::string_view notice_said = "recording_notice_said";

bool has_rendered(const Timeline& timeline) {
  return std::ranges::any_of(timeline.spans, [](const Span& span) {
    return span.kind == SpanKind::repaired && span.source == SpanSource::tap;
  });
}

Manifest describe(const ManifestRequest& request) {
  const auto& subject = request.subject;
  Manifest manifest{.call = subject.call.id,
                    .imported = is_imported(subject.call),
                    .correlation_id = subject.call.correlation_id,
                    .server_call_id = subject.call.server_call_id,
                    .connection_id = subject.call.connection_id,
                    .connected_at = subject.call.connected_at,
                    .ended_at = subject.call.ended_at,
                    .timeline = subject.timeline.value_or(Timeline{}),
                    .mapping = request.mapping,
                    .consent = subject.call.consent,
                    .notice = subject.call.notice,
                    .verdict = request.verdict};
  for (const auto& recording : subject.recordings)
    manifest.recordings.push_back({.id = recording.id,
                                   .channels = recording.channels,
                                   .format = recording.format,
                                   .active_at = recording.active_at,
                                   .ended_at = recording.ended_at});
  return manifest;
}

}  // namespace

std::string audio_folder(const AudioSubject& subject) {
  for (const auto& recording : subject.recordings)
    if (!recording.folder.empty()) return recording.folder;
  return witness_folder(subject.call.received_at, subject.call.id);
}

BlobName manifest_blob(const AudioSubject& subject, std::optional<int> verdict) {
  return {audio_folder(subject) +
          (verdict ? fmt::format("manifest-{}.json", *verdict) : std::string("manifest.json"))};
}

ManifestWriter::ManifestWriter(AudioOpener::Services services, Clock& clock, ManifestKey key,
                               std::string software)
    : services_(services),
      opener_(services),
      clock_(clock),
      key_(std::move(key)),
      software_(std::move(software)) {}

Task<Result<BlobName>> ManifestWriter::write(ManifestRequest request) {
  auto manifest = describe(request);
  const auto& subject = request.subject;
  for (const auto& chunk : subject.chunks) {
    if (chunk.audio.empty()) continue;
    auto bytes = std::make_unique<ChunkBytes>(services_.chunks, chunk.audio, chunk.etag);
    auto file = co_await hash_file(std::move(bytes), chunk.audio, chunk.bytes);
    if (!file) co_return fail("hash a chunk", file.error());
    manifest.chunks.push_back({.recording = chunk.recording,
                               .index = chunk.index,
                               .file = std::move(*file),
                               .format = chunk.format,
                               .data_offset = chunk.data_offset,
                               .data_bytes = chunk.data_bytes,
                               .start = chunk.start});
  }
  if (has_rendered(manifest.timeline)) {
    const auto name = repair_blob(subject.call, static_cast<std::uint32_t>(subject.verdict));
    auto info = co_await services_.blobs.info(name);
    if (!info) co_return fail("hash what was filled from the tap", info.error());
    auto bytes = std::make_unique<BlobBytes>(services_.blobs, name, info->etag);
    auto file = co_await hash_file(std::move(bytes), name, info->bytes);
    if (!file) co_return fail("hash what was filled from the tap", file.error());
    manifest.repair = std::move(*file);
  }
  for (const auto source : {AudioSource::acs, AudioSource::repaired}) {
    auto audio = co_await hash_audio(subject, source);
    if (!audio && worth_retrying(audio.error())) co_return fail("hash the audio", audio.error());
    // What cannot be had as one file has no hash: nothing recorded, rates that differ.
    if (audio) manifest.audio.push_back(std::move(*audio));
  }
  auto notice = co_await notice_played(subject.call.id);
  if (!notice) co_return Failure(notice.error());
  manifest.notice_played_at = *notice;
  manifest.software = software_;
  manifest.written_at = clock_.wall_now();

  auto text = sign_manifest(manifest_text(manifest), key_);
  if (!text) co_return Failure(text.error());
  const auto newest = manifest_blob(subject);
  for (const auto& name : {manifest_blob(subject, request.verdict.number), newest}) {
    BlobWrite write{.name = name,
                    .bytes = Bytes(text->begin(), text->end()),
                    .content_type = "application/json",
                    .replace = true};
    if (auto put = co_await services_.blobs.put(std::move(write)); !put)
      co_return fail("store the manifest", put.error());
  }
  co_return newest;
}

Task<Result<ManifestFile>> ManifestWriter::hash_file(std::unique_ptr<ByteSource> source,
                                                     BlobName name, std::uint64_t bytes) {
  crypto::Sha256 hash;
  ManifestFile file{.blob = name.text, .bytes = bytes, .sha256 = {}};
  for (std::uint64_t at = 0; at < bytes;) {
    auto part = co_await source->read(at, std::min(hashed_at_once, bytes - at));
    if (!part) co_return Failure(part.error());
    if (part->empty())
      co_return fail(ErrorKind::unavailable, fmt::format("{} became shorter", name.text));
    hash.update(*part);
    at += part->size();
  }
  file.sha256 = crypto::to_hex(hash.finish());
  co_return file;
}

Task<Result<ManifestAudio>> ManifestWriter::hash_audio(AudioSubject subject, AudioSource source) {
  AudioRequest request{.source = source, .channels = {}};
  auto opened = co_await opener_.open(std::move(subject), request);
  if (!opened) co_return Failure(opened.error());
  crypto::Sha256 hash;
  auto& reader = *opened->reader;
  for (std::uint64_t at = 0; at < reader.size();) {
    auto part = co_await reader.read(at, hashed_at_once);
    if (!part) co_return Failure(part.error());
    hash.update(*part);
    at += part->size();
  }
  co_return ManifestAudio{.source = std::string(to_text(source)),
                          .bytes = reader.size(),
                          .sha256 = crypto::to_hex(hash.finish())};
}

Task<Result<std::optional<WallTime>>> ManifestWriter::notice_played(ContextId call) {
  auto journal = co_await services_.store.journal_of(std::move(call));
  if (!journal) co_return Failure(journal.error());
  const auto at = std::ranges::find(*journal, notice_said, &JournalEntry::type);
  if (at == journal->end()) co_return std::nullopt;
  co_return at->at;
}

}  // namespace earshot::recording
