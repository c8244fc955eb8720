#include "store/detail/file_rows.hpp"

#include "store/detail/recording_rows.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace earshot::store {
namespace {

Recording recording_of(Connection& connection, const RecordingId& id) {
  auto recording = find_recording(connection, id);
  if (!recording)
    throw DatabaseError({.kind = ErrorKind::not_found, .message = "there is no such recording"},
                        false);
  return std::move(*recording);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto space = text.find(' ');
    words.emplace_back(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
  }
  return words;
}

FileLocation read_location(Row& row, const RecordingId& recording) {
  FileLocation told{.recording = recording};
  told.index.value = static_cast<std::uint32_t>(row.number());
  told.document_id = row.text();
  told.end_reason = row.text();
  told.content = row.text();
  told.metadata = row.text();
  told.deletion = row.text();
  told.told_at = row.time();
  told.expires_at = row.time();
  return told;
}

// Every column is absent when nothing was fetched yet.
FileFetch read_fetch(Row& row, const FileLocation& told) {
  FileFetch fetch{.recording = told.recording, .index = told.index};
  if (const auto word = row.text(); !word.empty()) from_word(word, fetch.state);
  fetch.audio.text = row.text();
  fetch.metadata.text = row.text();
  fetch.bytes = static_cast<std::uint64_t>(row.number_or_none().value_or(0));
  fetch.block_hashes = words_of(row.text());
  fetch.sha256 = row.text();
  fetch.attempts = static_cast<int>(row.number_or_none().value_or(0));
  fetch.last_error = row.text();
  fetch.fetched_at = row.time_or_none();
  fetch.deleted_at = row.time_or_none();
  return fetch;
}

}  // namespace

void put_file_location(Connection& connection, const FileLocation& location) {
  connection.execute(
      "INSERT INTO file_locations (context_id, recording_id, chunk_index, document_id, end_reason, "
      "content_location, metadata_location, delete_location, told_at, expires_at) VALUES "
      "(:context_id, :recording_id, :chunk_index, :document_id, :end_reason, :content_location, "
      ":metadata_location, :delete_location, :told_at, :expires_at) ON CONFLICT (context_id, "
      "recording_id, chunk_index) DO UPDATE SET document_id = excluded.document_id, end_reason = "
      "excluded.end_reason, content_location = excluded.content_location, metadata_location = "
      "excluded.metadata_location, delete_location = excluded.delete_location, told_at = "
      "excluded.told_at, expires_at = excluded.expires_at WHERE excluded.told_at >= "
      "file_locations.told_at",
      {{"context_id", recording_of(connection, location.recording).call},
       {"recording_id", location.recording},
       {"chunk_index", static_cast<long long>(location.index.value)},
       {"document_id", mend_text(location.document_id)},
       {"end_reason", mend_text(location.end_reason)},
       {"content_location", mend_text(location.content)},
       {"metadata_location", mend_text(location.metadata)},
       {"delete_location", mend_text(location.deletion)},
       {"told_at", location.told_at},
       {"expires_at", location.expires_at}});
}

void put_file_fetch(Connection& connection, const FileFetch& fetch) {
  const auto recording = recording_of(connection, fetch.recording);
  const auto index = static_cast<long long>(fetch.index.value);
  const auto told = connection.query(
      "SELECT 1 FROM file_locations WHERE context_id = :context_id AND recording_id = "
      ":recording_id AND chunk_index = :chunk_index",
      1, {{"context_id", recording.call}, {"recording_id", recording.id}, {"chunk_index", index}});
  if (told.empty())
    throw DatabaseError(
        {.kind = ErrorKind::not_found, .message = "ACS has told of no such chunk of the recording"},
        false);
  connection.execute(
      "INSERT INTO file_fetches (context_id, recording_id, chunk_index, state, audio, metadata, "
      "bytes, block_hashes, sha256, attempts, last_error, fetched_at, deleted_at) VALUES "
      "(:context_id, :recording_id, :chunk_index, :state, :audio, :metadata, :bytes, "
      ":block_hashes, :sha256, :attempts, :last_error, :fetched_at, :deleted_at) ON CONFLICT "
      "(context_id, recording_id, chunk_index) DO UPDATE SET state = excluded.state, audio = "
      "excluded.audio, metadata = excluded.metadata, bytes = excluded.bytes, block_hashes = "
      "excluded.block_hashes, sha256 = excluded.sha256, attempts = excluded.attempts, last_error = "
      "excluded.last_error, fetched_at = excluded.fetched_at, deleted_at = excluded.deleted_at",
      {{"context_id", recording.call},
       {"recording_id", recording.id},
       {"chunk_index", index},
       {"state", to_word(fetch.state)},
       {"audio", mend_text(fetch.audio.text)},
       {"metadata", mend_text(fetch.metadata.text)},
       {"bytes", static_cast<long long>(fetch.bytes)},
       {"block_hashes", fmt::format("{}", fmt::join(fetch.block_hashes, " "))},
       {"sha256", mend_text(fetch.sha256)},
       {"attempts", static_cast<long long>(fetch.attempts)},
       {"last_error", mend_text(fetch.last_error)},
       {"fetched_at", fetch.fetched_at},
       {"deleted_at", fetch.deleted_at}});
}

std::vector<RecordingFile> find_files(Connection& connection, const RecordingId& id) {
  const auto recording = find_recording(connection, id);
  if (!recording) return {};
  std::vector<RecordingFile> files;
  for (auto& row : connection.query(
           "SELECT told.chunk_index, told.document_id, told.end_reason, told.content_location, "
           "told.metadata_location, told.delete_location, told.told_at, told.expires_at, "
           "got.state, got.audio, got.metadata, got.bytes, got.block_hashes, got.sha256, "
           "got.attempts, got.last_error, got.fetched_at, got.deleted_at FROM file_locations told "
           "LEFT JOIN file_fetches got ON got.context_id = told.context_id AND got.recording_id = "
           "told.recording_id AND got.chunk_index = told.chunk_index WHERE told.context_id = "
           ":context_id AND told.recording_id = "
           ":recording_id ORDER BY told.chunk_index",
           18, {{"context_id", recording->call}, {"recording_id", recording->id}})) {
    auto told = read_location(row, id);
    auto fetch = read_fetch(row, told);
    files.push_back({.told = std::move(told), .fetch = std::move(fetch)});
  }
  return files;
}

}  // namespace earshot::store
