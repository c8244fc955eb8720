#include "recording/second_copies.hpp"

#include <algorithm>

namespace earshot::recording {

bool is_second_copy(const BlobName& name) {
  const std::string_view text = name.text;
  return text.substr(text.rfind('/') + 1).starts_with("second-copy-");
}

Task<Result<SecondCopy>> SecondCopies::look_at(RecordingFile file) {
  FoundChunk found{.index = file.told.index,
                   .audio = file.fetch.audio,
                   .metadata = file.fetch.metadata,
                   .document_id = file.told.document_id,
                   .bytes = file.fetch.bytes,
                   .etag = {},
                   .folder = {}};
  auto inspected = co_await inspector_.inspect(file.told.recording, std::move(found));
  if (!inspected) co_return Failure(inspected.error());
  co_return SecondCopy{.chunk = std::move(inspected->chunk),
                       .sha256 = file.fetch.sha256,
                       .unusable = std::move(inspected->unusable)};
}

Task<Result<std::vector<SecondCopy>>> SecondCopies::all_of(RecordingId recording) {
  auto files = co_await locations_.files_of(std::move(recording));
  if (!files) co_return Failure(files.error());
  std::vector<SecondCopy> copies;
  for (auto& file : *files) {
    if (file.fetch.state != FileState::fetched || !is_second_copy(file.fetch.audio)) continue;
    auto copy = co_await look_at(std::move(file));
    if (!copy) co_return Failure(copy.error());
    copies.push_back(std::move(*copy));
  }
  co_return copies;
}

Task<Result<std::optional<SecondCopy>>> SecondCopies::find(RecordingId recording,
                                                           ChunkIndex index) {
  auto copies = co_await all_of(std::move(recording));
  if (!copies) co_return Failure(copies.error());
  for (auto& copy : *copies)
    if (copy.chunk.index == index) co_return std::move(copy);
  co_return std::nullopt;
}

Task<Result<bool>> SecondCopies::may_come(RecordingId recording) {
  auto files = co_await locations_.files_of(std::move(recording));
  if (!files) co_return Failure(files.error());
  co_return std::ranges::any_of(
      *files, [](const RecordingFile& file) { return file.fetch.state == FileState::waiting; });
}

}  // namespace earshot::recording
