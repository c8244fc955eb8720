#include "recording/importing/known_recordings.hpp"

#include "domain/imported_call.hpp"
#include "recording/chunk_name.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

// As finding a recording's chunks takes them (byos_chunk_source.hpp).
constexpr Duration clock_skew = std::chrono::seconds(5);
constexpr Duration recording_length_max = std::chrono::hours(48);

// Its search goes on, or has not begun.
bool is_open(const FolderClaimant& one) { return one.recording.discovery != Discovery::missing; }

// Nobody who is left can be told from the others: none without evidence, or several with the same.
KnownRecordings::Claimed undecided(const std::vector<FolderClaimant>& best, bool is_evidence) {
  KnownRecordings::Claimed claimed;
  const auto open = std::ranges::find_if(best, is_open);
  const auto others = best.size() - 1;
  if (open != best.end() && is_evidence)
    claimed.doubt = fmt::format(
        "it fits recording {} of the same caller and time, whose audio is still looked for, and {} "
        "more as well; import this date again when that search is over",
        open->recording.id.text, others);
  else if (open != best.end())
    claimed.doubt = fmt::format(
        "it may be recording {}, which ran at that time and whose audio is still looked for: "
        "nothing in the folder tells its caller; import this date again when that search is over",
        open->recording.id.text);
  else if (is_evidence)
    claimed.note = fmt::format(
        "; it fits recording {} and {} more of the same caller and time, of which no audio was "
        "found",
        best.front().recording.id.text, others);
  return claimed;
}

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

Task<Result<KnownRecordings::Claimed>> KnownRecordings::by_claim(
    std::string folder, FolderWords words, std::vector<std::string> documents) {
  if (!words.start) co_return Claimed{};
  ClaimantQuery query{.at = *words.start,
                      .slack = clock_skew,
                      .requested_since = *words.start - recording_length_max};
  auto claimants = co_await claims_.claimants(query);
  if (!claimants) co_return fail("look for recordings of the same time", claimants.error());
  FolderClaim best;
  std::vector<FolderClaimant> equal;
  for (auto& one : *claimants) {
    auto told = co_await is_told(one.recording.id, folder, documents);
    if (!told) co_return Failure(told.error());
    const auto claim = weigh_claim(words, one, clock_skew);
    if (*told) {
      auto owner = co_await load(std::move(one.recording));
      if (!owner) co_return Failure(owner.error());
      co_return Claimed{.owner = std::move(*owner), .doubt = {}, .note = {}};
    }
    if (claim.basis == ClaimBasis::none || claim < best) continue;
    if (claim > best) equal.clear();
    best = claim;
    equal.push_back(std::move(one));
  }
  if (equal.empty()) co_return Claimed{};
  if (!best.is_evidence() || equal.size() > 1) co_return undecided(equal, best.is_evidence());
  auto owner = co_await load(std::move(equal.front().recording));
  if (!owner) co_return Failure(owner.error());
  co_return Claimed{.owner = std::move(*owner), .doubt = {}, .note = {}};
}

// By an event of ACS's that named the recording's files.
Task<Result<bool>> KnownRecordings::is_told(RecordingId recording, std::string folder,
                                            std::vector<std::string> documents) {
  auto files = co_await files_.files_of(std::move(recording));
  if (!files) co_return fail("load what ACS told of a recording's files", files.error());
  const bool told = std::ranges::any_of(*files, [&](const RecordingFile& file) {
    return std::ranges::find(documents, file.told.document_id) != documents.end() ||
           percent_decoded(file.told.content).contains("/" + folder);
  });
  co_return told;
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
