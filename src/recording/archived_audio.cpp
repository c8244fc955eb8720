#include "recording/archived_audio.hpp"

#include <fmt/format.h>

namespace earshot::recording {

Failure archived(const ContextId& call, std::optional<StorageTier> on_its_way) {
  auto message =
      on_its_way ? fmt::format(
                       "the audio is on its way from the archive to {}, which takes up to 15 "
                       "hours; ask again then",
                       to_text(*on_its_way))
                 : fmt::format(
                       "the audio is archived; bring it back with `earshot retention restore {}` "
                       "(POST /api/v1/calls/{}/restore) or by setting its tier to Hot, which "
                       "takes up to 15 hours, and ask again then",
                       call.text, call.text);
  return Failure(Error{
      .kind = ErrorKind::conflict, .message = std::move(message), .code = blob_archived_code});
}

Task<Result<void>> check_readable(BlobStore& blobs, std::vector<Chunk> chunks, ContextId call) {
  for (const auto& chunk : chunks) {
    if (chunk.audio.empty()) continue;
    auto info = co_await blobs.info(chunk.audio);
    if (info && is_archived(*info)) co_return archived(call, info->rehydrating_to);
    if (!info && worth_retrying(info.error())) co_return Failure(info.error());
  }
  co_return ok();
}

}  // namespace earshot::recording
