#include "recording/importing/known_recordings.hpp"

#include "domain/imported_call.hpp"

#include <algorithm>
#include <utility>

namespace earshot::recording {
namespace {

// Of the call's recordings the one that lies in the folder; else the newest whose folder nobody
// knows yet, and else the newest.
const Recording* owner_of(const std::vector<Recording>& recordings, const std::string& folder) {
  const Recording* owner = nullptr;
  for (const auto& one : recordings) {
    if (one.folder == folder) return &one;
    const bool better = owner == nullptr || one.folder.empty() || !owner->folder.empty();
    if (better) owner = &one;
  }
  return owner;
}

}  // namespace

Task<Result<std::optional<KnownRecordings::Known>>> KnownRecordings::by_name(
    std::string folder, std::vector<FoundChunk> found) {
  // Of ACS or of an import before: both ids are the folder's own.
  const auto path = read_folder_path(folder);
  for (const auto& id : {imported_recording_id(folder), RecordingId{path.recording}}) {
    auto known = co_await by_recording(id);
    if (!known || *known) co_return known;
  }
  for (const auto& one : found) {
    if (one.audio.empty()) continue;
    auto chunk = co_await imports_.find_chunk(one.audio, "");
    if (!chunk) co_return fail("look for a chunk", chunk.error());
    if (*chunk) co_return co_await by_recording((*chunk)->recording);
    break;  // the others would lie in the same recording
  }
  co_return co_await by_call_id(path.call, folder);
}

Task<Result<std::optional<KnownRecordings::Known>>> KnownRecordings::by_metadata(
    std::vector<InspectedChunk> chunks) {
  for (const auto& one : chunks) {
    if (!one.metadata) continue;
    auto known = co_await by_call_id(one.metadata->call_id, "");
    if (!known || *known) co_return known;
    if (one.chunk.document_id.empty() || one.chunk.data_bytes == 0) continue;
    auto chunk = co_await imports_.find_chunk({}, one.chunk.document_id);
    if (!chunk) co_return fail("look for a document", chunk.error());
    // The same id on other audio is somebody's mistake, and no reason to leave the audio out.
    const bool same = *chunk && (*chunk)->index == one.chunk.index &&
                      (*chunk)->data_bytes == one.chunk.data_bytes;
    if (same) co_return co_await by_recording((*chunk)->recording);
    break;
  }
  co_return std::nullopt;
}

Task<Result<std::optional<Call>>> KnownRecordings::imported_call(CallNames names) {
  if (!names.guid.empty()) {
    auto named = co_await store_.load_call(imported_call_id_of(names.guid));
    if (named) co_return std::move(*named);
    if (named.error().kind != ErrorKind::not_found)
      co_return fail("look for a call", named.error());
  }
  if (names.server_call.empty()) co_return std::nullopt;
  auto call = co_await store_.find_call_by_server_call({names.server_call});
  if (!call) co_return fail("look for a call", call.error());
  if (!*call || !is_imported(**call)) co_return std::nullopt;
  if (names.guid.empty()) co_return std::move(*call);
  auto recordings = co_await store_.recordings_of((*call)->id);
  if (!recordings) co_return fail("look for a call's recordings", recordings.error());
  const bool is_unnamed = std::ranges::any_of(*recordings, [&](const Recording& one) {
    return imported_call_id(one.folder) == (*call)->id;
  });
  if (!is_unnamed) co_return std::nullopt;
  co_return std::move(*call);
}

Task<Result<std::optional<KnownRecordings::Known>>> KnownRecordings::by_recording(RecordingId id) {
  auto recording = co_await store_.load_recording(std::move(id));
  if (!recording && recording.error().kind == ErrorKind::not_found) co_return std::nullopt;
  if (!recording) co_return fail("look for a recording", recording.error());
  co_return co_await load(std::move(*recording));
}

// A call of ours. That another recording of the same call was imported says nothing of this one.
Task<Result<std::optional<KnownRecordings::Known>>> KnownRecordings::by_call_id(
    std::string id, std::string folder) {
  if (id.empty()) co_return std::nullopt;
  auto call = co_await store_.find_call_by_server_call({id});
  if (call && !*call) call = co_await store_.find_call_by_correlation({id});
  if (call && !*call) call = co_await store_.find_call_by_connection({id});
  if (!call) co_return fail("look for a call", call.error());
  if (!*call || is_imported(**call)) co_return std::nullopt;
  auto recordings = co_await store_.recordings_of((*call)->id);
  if (!recordings) co_return fail("look for a call's recordings", recordings.error());
  const auto* owner = owner_of(*recordings, folder);
  if (owner == nullptr) co_return std::nullopt;
  co_return co_await load(*owner);
}

Task<Result<std::optional<KnownRecordings::Known>>> KnownRecordings::load(Recording recording) {
  auto call = co_await store_.load_call(recording.call);
  if (!call) co_return fail("load a recording's call", call.error());
  auto chunks = co_await store_.chunks_of(recording.id);
  if (!chunks) co_return fail("load a recording's chunks", chunks.error());
  co_return Known{
      .recording = std::move(recording), .call = std::move(*call), .chunks = std::move(*chunks)};
}

}  // namespace earshot::recording
