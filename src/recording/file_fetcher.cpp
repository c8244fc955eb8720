#include "recording/file_fetcher.hpp"

#include "base/crypto.hpp"
#include "recording/service_file_check.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

std::string hash_of(ByteView bytes) { return crypto::to_hex(crypto::sha256(bytes)); }

const char* audio_type(const BlobName& name) {
  return name.text.ends_with(".mp3") ? "audio/mpeg" : "audio/wav";
}

}  // namespace

FileFetcher::FileFetcher(ServiceFiles& files, BlobStore& blobs, FileLocations& locations,
                         Clock& clock, Counters& counters, Log& log, FileFetcherOptions options)
    : files_(files),
      blobs_(blobs),
      locations_(locations),
      clock_(clock),
      log_(log),
      options_(options),
      empty_files_(counters.counter("earshot_service_files_empty_total",
                                    "files of 0 bytes that ACS's storage gave; asked for again")),
      mismatches_(counters.counter(
          "earshot_service_files_mismatched_total",
          "files that were read back from our store with other bytes; fetched again")) {}

Task<FetchOutcome> FileFetcher::fetch(RecordingFile file, FetchTarget target) {
  auto attempt = std::make_shared<Attempt>();
  attempt->file = std::move(file);
  attempt->target = std::move(target);
  auto& fetch = attempt->file.fetch;
  // Metadata first, so that whoever finds the audio finds it described. The audio does not wait
  // for it: that is what expires.
  auto metadata = co_await fetch_metadata(attempt);
  auto audio = ok();
  if (fetch.sha256.empty()) audio = co_await fetch_audio(attempt);
  if (!audio) co_return FetchOutcome{.fetch = std::move(fetch), .error = audio.error()};
  if (!metadata) co_return FetchOutcome{.fetch = std::move(fetch), .error = metadata.error()};
  fetch.state = FileState::fetched;
  fetch.fetched_at = clock_.wall_now();
  fetch.last_error.clear();
  co_return FetchOutcome{.fetch = std::move(fetch), .error = {}};
}

Task<Result<Bytes>> FileFetcher::read_metadata_bytes(ServiceFile file) {
  auto piece = co_await read_piece(std::move(file), 0, chunk_metadata_bytes_max);
  if (!piece) co_return Failure(piece.error());
  if (piece->bytes.empty()) {
    empty_files_.add();
    co_return fail(ErrorKind::unavailable, "ACS gave an empty file");
  }
  if (piece->file_bytes > piece->bytes.size())
    co_return fail(ErrorKind::corrupt,
                   fmt::format("it has {} bytes, which no metadata has", piece->file_bytes));
  co_return std::move(piece->bytes);
}

Task<Result<std::optional<ChunkMetadata>>> FileFetcher::read_metadata(FileLocation told,
                                                                      std::string resource) {
  if (told.metadata.empty()) co_return std::nullopt;
  ServiceFile file{.resource = std::move(resource), .location = std::move(told.metadata)};
  auto bytes = co_await read_metadata_bytes(std::move(file));
  if (!bytes) co_return fail("metadata", bytes.error());
  auto parsed = parse_chunk_metadata(*bytes);
  if (!parsed) co_return fail("metadata", parsed.error());
  co_return std::move(*parsed);
}

Task<Result<void>> FileFetcher::fetch_metadata(AttemptPtr attempt) {
  auto& [told, fetch] = attempt->file;
  const bool wanted = fetch.metadata.empty() || fetch.sha256.empty();
  if (told.metadata.empty() || !wanted) co_return ok();
  ServiceFile file{.resource = attempt->target.resource, .location = told.metadata};
  auto bytes = co_await read_metadata_bytes(std::move(file));
  if (!bytes) co_return fail("metadata", bytes.error());
  auto parsed = parse_chunk_metadata(*bytes);
  if (!parsed) co_return fail("metadata", parsed.error());
  attempt->promised = promised(*parsed);
  const auto hash = hash_of(*bytes);
  const auto size = bytes->size();
  // The format of the audio is no part of this name.
  const auto names = attempt->target.second_copy
                         ? second_copy_names(attempt->target.folder, told.index, {})
                         : chunk_names(attempt->target.folder, told.index, {});
  auto put = co_await blobs_.put({.name = names.metadata,
                                  .bytes = std::move(*bytes),
                                  .content_type = "application/json",
                                  .replace = true});
  if (!put) co_return fail("store the metadata", put.error());
  auto stored = co_await blobs_.read(names.metadata, 0, size + 1, "");
  if (!stored) co_return fail("read the stored metadata back", stored.error());
  if (hash_of(*stored) != hash) {
    mismatches_.add();
    co_return fail(ErrorKind::corrupt, "the metadata reads back differently from our store");
  }
  fetch.metadata = names.metadata;
  co_return ok();
}

Task<Result<void>> FileFetcher::fetch_audio(AttemptPtr attempt) {
  auto& fetch = attempt->file.fetch;
  if (auto pulled = co_await pull_blocks(attempt); !pulled) co_return pulled;
  if (auto committed = co_await commit(attempt); !committed) co_return committed;
  if (auto same = co_await read_back(attempt); !same) co_return same;
  // Saved at once: all that is left to do is cheap.
  if (auto saved = co_await locations_.save_fetch(fetch); !saved)
    co_return fail("save the progress", saved.error());
  co_return ok();
}

Task<Result<void>> FileFetcher::pull_blocks(AttemptPtr attempt) {
  auto& [told, fetch] = attempt->file;
  while (fetch.block_hashes.empty() ||
         fetch.block_hashes.size() * options_.piece_bytes < fetch.bytes) {
    const auto offset = fetch.block_hashes.size() * options_.piece_bytes;
    ServiceFile file{.resource = attempt->target.resource, .location = told.content};
    auto piece = co_await read_piece(std::move(file), offset, options_.piece_bytes);
    if (!piece) co_return Failure(piece.error());
    if (piece->file_bytes == 0) {
      empty_files_.add();
      forget_blocks(fetch);
      co_return fail(ErrorKind::unavailable, "ACS gave an empty file");
    }
    if (offset > 0 && piece->file_bytes != fetch.bytes) {
      // Another file than the one that was begun.
      forget_blocks(fetch);
      if (std::exchange(attempt->restarted, true))
        co_return fail(ErrorKind::unavailable, "the file at ACS keeps changing its size");
      continue;
    }
    if (offset == 0)
      if (auto good = look_at_head(*attempt, piece->bytes, piece->file_bytes); !good)
        co_return good;
    auto hash = hash_of(piece->bytes);
    const auto number = static_cast<std::uint32_t>(fetch.block_hashes.size());
    auto staged = co_await blobs_.stage_block(fetch.audio, number, std::move(piece->bytes));
    if (!staged) co_return fail("store a piece", staged.error());
    fetch.block_hashes.push_back(std::move(hash));
    if (fetch.block_hashes.size() % options_.blocks_between_saves == 0)
      if (auto saved = co_await locations_.save_fetch(fetch); !saved)
        co_return fail("save the progress", saved.error());
  }
  co_return ok();
}

Result<void> FileFetcher::look_at_head(Attempt& attempt, ByteView head, std::uint64_t file_bytes) {
  auto& [told, fetch] = attempt.file;
  auto look = look_at(head, file_bytes);
  if (!look) return fail("what ACS gave", look.error());
  const bool no_sample = look->audio && *look->audio <= Duration{};
  const bool is_short = no_sample || (look->audio && attempt.promised &&
                                      falls_short(*look->audio, *attempt.promised));
  if (is_short && fetch.attempts < options_.short_tries_max)
    return fail(ErrorKind::unavailable,
                no_sample ? "ACS gave a file without a sample"
                          : "ACS gave a file that is shorter than its metadata says");
  if (is_short)
    log_.warn("a file of ACS's is shorter than its metadata says, and was taken as it is",
              {{"recording", told.recording.text}, {"chunk", told.index.value}});
  fetch.bytes = file_bytes;
  fetch.audio = (attempt.target.second_copy
                     ? second_copy_names(attempt.target.folder, told.index, look->format)
                     : chunk_names(attempt.target.folder, told.index, look->format))
                    .audio;
  return ok();
}

Task<Result<void>> FileFetcher::commit(AttemptPtr attempt) {
  auto& fetch = attempt->file.fetch;
  const auto count = static_cast<std::uint32_t>(fetch.block_hashes.size());
  auto committed = co_await blobs_.commit_blocks(fetch.audio, count, audio_type(fetch.audio));
  if (committed) co_return ok();
  // After a crash behind the commit its blocks are staged no more, and the blob is there.
  auto present = co_await blobs_.info(fetch.audio);
  if (present && present->bytes == fetch.bytes) co_return ok();
  // The staged blocks are gone (Azure drops them after a week): begin again.
  if (!worth_retrying(committed.error())) forget_blocks(fetch);
  co_return fail("store the file", committed.error());
}

Task<Result<void>> FileFetcher::read_back(AttemptPtr attempt) {
  auto& fetch = attempt->file.fetch;
  crypto::Sha256 whole;
  std::uint64_t offset = 0;
  for (const auto& expected : fetch.block_hashes) {
    if (stopping_) co_return fail(ErrorKind::unavailable, "the service is stopping");
    const auto length = std::min(options_.piece_bytes, fetch.bytes - offset);
    auto bytes = co_await blobs_.read(fetch.audio, offset, length, "");
    if (!bytes) co_return fail("read the stored file back", bytes.error());
    if (hash_of(*bytes) != expected) {
      mismatches_.add();
      forget_blocks(fetch);
      co_return fail(ErrorKind::corrupt, "the file reads back differently from our store");
    }
    whole.update(*bytes);
    offset += length;
  }
  auto stored = co_await blobs_.info(fetch.audio);
  if (!stored) co_return fail("look at the stored file", stored.error());
  if (stored->bytes != fetch.bytes) {
    mismatches_.add();
    forget_blocks(fetch);
    co_return fail(ErrorKind::corrupt, "the file has another length in our store");
  }
  fetch.sha256 = crypto::to_hex(whole.finish());
  co_return ok();
}

Task<Result<ServicePiece>> FileFetcher::read_piece(ServiceFile file, std::uint64_t offset,
                                                   std::uint64_t length) {
  for (int tries = 1;; ++tries) {
    if (stopping_) co_return fail(ErrorKind::unavailable, "the service is stopping");
    auto piece = co_await files_.read(file, offset, length);
    if (piece || !worth_retrying(piece.error()) || tries >= options_.piece_tries_max)
      co_return piece;
    const auto wait =
        std::max(options_.piece_retry * tries, Duration(piece.error().retry_after_ms * 1000));
    // Longer waits are the job's, which does not hold a place for them.
    if (wait > 10 * options_.piece_retry) co_return piece;
    co_await clock_.sleep_for(wait);
  }
}

void FileFetcher::forget_blocks(FileFetch& fetch) {
  fetch.block_hashes.clear();
  fetch.bytes = 0;
  fetch.audio = {};
  fetch.sha256.clear();
}

}  // namespace earshot::recording
