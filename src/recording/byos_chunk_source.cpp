#include "recording/byos_chunk_source.hpp"

#include "recording/chunk_inspector.hpp"
#include "recording/chunk_name.hpp"
#include "recording/folder_doubt.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <ranges>
#include <set>
#include <tuple>
#include <utility>

namespace earshot::recording {
namespace {

// The ids of the call that may stand in a path, in the order in which they are tried.
std::vector<std::string> call_segments(const Call& call) {
  std::vector<std::string> out;
  const auto add = [&out](const std::string& id) {
    if (id.empty()) return;
    for (auto& form : {id, percent_encoded(id)})
      if (std::ranges::find(out, form) == out.end()) out.push_back(form);
  };
  add(call.server_call_id.text);
  add(call.correlation_id.text);
  add(call.connection_id.text);
  return out;
}

// "20260302/<call>/<folder>/" -> "<folder>"
std::string_view last_segment(std::string_view folder) {
  if (folder.ends_with('/')) folder.remove_suffix(1);
  return folder.substr(folder.rfind('/') + 1);
}

// "20260302/<call>/<folder>/" -> "<call>/": what a known folder says of the others' prefix.
std::string call_part(std::string_view folder) {
  const auto first = folder.find('/');
  if (first == std::string_view::npos) return {};
  folder.remove_prefix(first + 1);
  folder.remove_suffix(folder.empty() ? 0 : last_segment(folder).size() + 1);
  return std::string(folder);
}

// "https://account.blob.core.windows.net/container/20260302/…/0-audiowav.wav" -> "20260302/…/".
// "" for a location that names no chunk's file, as those in ACS's own storage do.
std::string folder_of_location(const std::string& location) {
  const auto scheme = location.find("://");
  if (scheme == std::string::npos) return {};
  const auto path = std::string_view(location).substr(0, location.find('?'));
  const auto host_end = path.find('/', scheme + 3);
  if (host_end == std::string_view::npos) return {};
  const auto container_end = path.find('/', host_end + 1);
  if (container_end == std::string_view::npos) return {};
  const auto decoded = percent_decoded(path.substr(container_end + 1));
  const auto name = parse_chunk_name(decoded);
  return name ? name->folder : std::string{};
}

// Whose chunks these are, when several recordings of one call lie side by side: the newest one
// that was asked for before the chunk began.
const Recording* owner_at(const std::vector<Recording>& recordings, WallTime start, Duration skew) {
  const Recording* owner = nullptr;
  for (const auto& recording : recordings)
    if (recording.requested_at <= start + skew &&
        (owner == nullptr || recording.requested_at > owner->requested_at))
      owner = &recording;
  return owner;
}

FolderClaimant claimant_of(const ChunkSearch& search, std::string caller) {
  return {.recording = search.recording,
          .caller = std::move(caller),
          .server_call = search.call.server_call_id,
          .correlation = search.call.correlation_id,
          .connection = search.call.connection_id,
          .call_ended_at = search.call.ended_at};
}

// While a date is being looked through; taken back however that ends, a pool that throws included.
class RunningMark {
 public:
  explicit RunningMark(bool& running) : running_(running) { running_ = true; }
  RunningMark(const RunningMark&) = delete;
  RunningMark& operator=(const RunningMark&) = delete;
  ~RunningMark() { running_ = false; }

 private:
  bool& running_;
};

}  // namespace

ByosChunkSource::ByosChunkSource(BlobStore& blobs, CallStore& calls, Clock& clock, Offload& offload,
                                 Counters& counters, Log& log, ByosOptions options,
                                 FileLocations* told, FolderClaims* claims)
    : blobs_(blobs),
      calls_(calls),
      clock_(clock),
      offload_(offload),
      log_(log),
      options_(options),
      told_(told),
      claims_(claims),
      pages_cut_(
          counters.counter("earshot_chunk_listings_cut_total",
                           "listings of a prefix or date that were longer than their bound")),
      sweeps_made_(counters.counter("earshot_chunk_sweeps_total",
                                    "dates looked through because no exact prefix held chunks")),
      sweep_reads_cut_(counters.counter("earshot_chunk_sweep_reads_cut_total",
                                        "searches that met their bound of metadata reads")) {}

Task<Result<Bytes>> ByosChunkSource::read(BlobName name, std::uint64_t offset, std::uint64_t length,
                                          std::string etag) {
  return blobs_.read(std::move(name), offset, length, std::move(etag));
}

Task<Result<std::vector<FoundChunk>>> ByosChunkSource::find(ChunkSearch search) {
  auto told = co_await what_was_told(search.recording.id);
  if (!told) co_return Failure(told.error());
  auto folders = co_await in_told_folders(*told);
  if (folders && folders->empty()) folders = co_await by_exact_prefix(search);
  if (folders && folders->empty() && search.recording.byos)
    folders = co_await by_sweep(search, *told);
  if (!folders) co_return Failure(folders.error());
  std::vector<FoundChunk> found;
  for (auto& chunks : *folders | std::views::values)
    std::ranges::move(chunks, std::back_inserter(found));
  std::ranges::sort(found, {}, [](const FoundChunk& chunk) {
    return std::tie(chunk.index, chunk.folder, chunk.document_id);
  });
  co_return found;
}

// Documents without an id are left out: "" would fit any name that has none.
Task<Result<ByosChunkSource::ToldPtr>> ByosChunkSource::what_was_told(RecordingId recording) {
  auto told = std::make_shared<Told>();
  if (told_ == nullptr) co_return told;
  auto files = co_await told_->files_of(std::move(recording));
  if (!files) co_return fail("load what ACS told of the recording's files", files.error());
  for (const auto& file : *files) {
    if (!file.told.document_id.empty()) told->documents.insert(file.told.document_id);
    auto folder = folder_of_location(file.told.content);
    if (!folder.empty() && std::ranges::find(told->folders, folder) == told->folders.end())
      told->folders.push_back(std::move(folder));
  }
  co_return told;
}

Task<Result<ByosChunkSource::Folders>> ByosChunkSource::in_told_folders(ToldPtr told) {
  Folders folders;
  for (const auto& folder : told->folders) {
    auto listed = co_await list_prefix(folder);
    if (!listed) co_return Failure(listed.error());
    folders.merge(*listed);
  }
  co_return folders;
}

std::vector<std::string> ByosChunkSource::dates(const ChunkSearch& search) const {
  const auto begin = search.recording.active_at.value_or(search.recording.requested_at);
  // A folder dated after the day on which the last chunk was cut would need an upload of a day.
  const auto ended = search.recording.ended_at.value_or(search.now);
  const auto end = std::min(search.now, ended + std::chrono::days(1));
  std::vector<std::string> out;
  // A recording that began at midnight may bear either date.
  for (auto day = std::chrono::floor<std::chrono::days>(begin - options_.clock_skew);
       WallTime(day) <= std::max(begin, end) && static_cast<int>(out.size()) < options_.dates_max;
       day += std::chrono::days(1))
    out.push_back(to_compact_date(WallTime(day)));
  return out;
}

Task<Result<ByosChunkSource::Folders>> ByosChunkSource::list_prefix(std::string prefix) {
  BlobListRequest request{.prefix = prefix, .page_size_max = options_.page_size};
  std::vector<BlobInfo> blobs;
  for (int page_number = 0;; ++page_number) {
    if (page_number == options_.pages_per_prefix_max) {
      pages_cut_.add();
      log_.warn("a call's folder was listed in part only",
                {{"pages", page_number}, {"blobs", blobs.size()}});
      break;
    }
    auto page = co_await blobs_.list(request);
    if (!page) co_return fail("list the recordings' container", page.error());
    std::ranges::move(page->blobs, std::back_inserter(blobs));
    if (page->next_marker.empty()) break;
    request.marker = std::move(page->next_marker);
  }
  co_return group_chunks(blobs);
}

Task<Result<ByosChunkSource::Folders>> ByosChunkSource::by_exact_prefix(ChunkSearch search) {
  std::vector<std::string> candidates;
  if (const auto known = call_part(search.recording.folder); !known.empty())
    candidates.push_back(known.substr(0, known.size() - 1));
  else
    candidates = call_segments(search.call);
  const auto all_dates = dates(search);
  for (const auto& candidate : candidates) {
    Folders folders;
    for (const auto& date : all_dates) {
      auto listed = co_await list_prefix(fmt::format("{}/{}/", date, candidate));
      if (!listed) co_return Failure(listed.error());
      folders.merge(*listed);
    }
    if (folders.empty()) continue;
    auto own = co_await keep_own(search, std::move(folders));
    if (!own || !own->empty()) co_return own;
  }
  co_return Folders{};
}

Task<Result<ByosChunkSource::Folders>> ByosChunkSource::keep_own(ChunkSearch search,
                                                                 Folders folders) {
  const auto& id = search.recording.id.text;
  const auto named = [&](const auto& entry, const std::string& recording_id) {
    const auto segment = last_segment(entry.first);
    return segment == recording_id || segment == percent_encoded(recording_id);
  };
  Folders own;
  for (const auto& entry : folders)
    if (named(entry, id)) own.insert(entry);
  if (!own.empty()) co_return own;

  auto siblings = co_await calls_.recordings_of(search.call.id);
  if (!siblings) co_return Failure(siblings.error());
  std::erase_if(folders, [&](const auto& entry) {
    return std::ranges::any_of(*siblings, [&](const Recording& other) {
      return other.id != search.recording.id &&
             (named(entry, other.id.text) || entry.first == other.folder);
    });
  });
  for (auto& [folder, chunks] : Folders(folders)) {
    auto anothers = co_await is_anothers(chunks, search.recording.id, true);
    if (!anothers) co_return Failure(anothers.error());
    if (*anothers) folders.erase(folder);
  }
  // The folder is the call's; with one recording it is that one's.
  if (siblings->size() <= 1) co_return folders;
  for (auto& [folder, chunks] : folders) {
    auto described = co_await describe(chunks);
    if (!described) co_return Failure(described.error());
    if (!*described || !(*described)->words.start) continue;
    const auto* owner = owner_at(*siblings, *(*described)->words.start, options_.clock_skew);
    if (owner != nullptr && owner->id == search.recording.id) own.emplace(folder, chunks);
  }
  co_return own;
}

Task<Result<ByosChunkSource::Folders>> ByosChunkSource::by_sweep(ChunkSearch search, ToldPtr told) {
  Folders found;
  std::optional<Error> doubt;
  const auto all_dates = dates(search);
  for (const auto& date : all_dates) {
    if (auto refreshed = co_await refresh(date); !refreshed) co_return Failure(refreshed.error());
    auto folder = co_await match_in(date, search, told);
    if (!folder && !is_folder_in_doubt(folder.error())) co_return Failure(folder.error());
    if (folder)
      found.merge(*folder);
    else
      doubt = folder.error();
  }
  if (found.empty() && doubt) co_return Failure(std::move(*doubt));
  co_return found;
}

// Looks the date through unless that was done a moment ago, or is being done for another recording:
// the search then goes by what is known and is repeated later.
Task<Result<void>> ByosChunkSource::refresh(std::string date) {
  if (!sweeps_.contains(date) && sweeps_.size() >= options_.dates_kept_max) {
    const auto oldest = std::ranges::min_element(sweeps_, {}, [](const auto& entry) {
      return std::pair(entry.second.running, entry.second.at);
    });
    if (oldest->second.running) co_return ok();
    sweeps_.erase(oldest);
  }
  auto& sweep = sweeps_[date];  // a running one is never erased
  const auto now = clock_.steady_now();
  if (sweep.running || (sweep.finished_once && now < sweep.at + options_.sweep_kept))
    co_return ok();
  const RunningMark running(sweep.running);
  sweeps_made_.add();
  BlobListRequest request{.prefix = date + "/",
                          .marker = std::exchange(sweep.resume_marker, ""),
                          .page_size_max = options_.sweep_page_size};
  auto blobs = std::make_shared<std::vector<BlobInfo>>();
  Result<void> outcome = ok();
  for (int page_number = 0;; ++page_number) {
    if (page_number == options_.sweep_pages_max) {
      pages_cut_.add();
      sweep.resume_marker = request.marker;
      break;
    }
    auto page = co_await blobs_.list(request);
    if (!page) {
      outcome = fail("look through the recordings' container", page.error());
      break;
    }
    std::ranges::move(page->blobs, std::back_inserter(*blobs));
    if (page->next_marker.empty()) break;
    request.marker = std::move(page->next_marker);
  }
  auto snapshot = std::make_shared<SnapshotPtr>();
  if (outcome) co_await offload_.run([blobs, snapshot] { *snapshot = sort_names(*blobs); });
  if (!outcome) co_return outcome;
  sweep.finished_once = true;
  sweep.at = clock_.steady_now();
  if (sweep.described.size() > 2 * (*snapshot)->folders.size()) sweep.described.clear();
  sweep.snapshot = std::move(*snapshot);
  co_return ok();
}

ByosChunkSource::SnapshotPtr ByosChunkSource::sort_names(const std::vector<BlobInfo>& blobs) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->folders = group_chunks(blobs);
  for (const auto& blob : blobs) {
    const auto name = parse_chunk_name(blob.name.text);
    if (!name) continue;
    auto& newest = snapshot->modified[name->folder];
    newest = std::max(newest, blob.modified_at);
  }
  return snapshot;
}

ByosChunkSource::Picked ByosChunkSource::pick(const Snapshot& snapshot,
                                              std::string_view recording_id, const Told& told,
                                              WallTime from) {
  for (const auto& entry : snapshot.folders)
    if (last_segment(entry.first) == recording_id ||
        std::ranges::any_of(entry.second, [&](const FoundChunk& chunk) {
          return told.documents.contains(chunk.document_id);
        }))
      return {.named = {entry}, .recent = {}};
  Picked picked;
  for (const auto& entry : snapshot.folders)
    if (snapshot.modified.at(entry.first) >= from) picked.recent.insert(entry);
  return picked;
}

Task<ByosChunkSource::PickedPtr> ByosChunkSource::pick_from(SnapshotPtr snapshot,
                                                            RecordingId recording, ToldPtr told,
                                                            WallTime from) {
  auto picked = std::make_shared<Picked>();
  auto work = [picked, snapshot, recording, told, from] {
    *picked = pick(*snapshot, recording.text, *told, from);
  };
  co_await offload_.run(std::move(work));
  co_return picked;
}

Task<Result<ByosChunkSource::Folders>> ByosChunkSource::match_in(std::string date,
                                                                 ChunkSearch search, ToldPtr told) {
  // Held, because another search may renew or drop the sweep while this one reads metadata.
  const auto snapshot = sweeps_.contains(date) ? sweeps_.at(date).snapshot : nullptr;
  if (snapshot == nullptr) co_return Folders{};
  const auto& recording = search.recording;
  const auto from = recording.requested_at - options_.clock_skew;
  const auto picked = co_await pick_from(snapshot, recording.id, told, from);
  if (!picked->named.empty()) co_return picked->named;

  auto fitting = co_await fitting_in(date, search, told, picked->recent);
  if (!fitting) co_return Failure(fitting.error());
  for (auto& one : **fitting)
    if (one.is_told) co_return Folders{{std::move(one.folder), std::move(one.chunks)}};
  co_return co_await best_of(std::move(**fitting), recording.id);
}

Task<Result<ByosChunkSource::FittingPtr>> ByosChunkSource::fitting_in(std::string date,
                                                                      ChunkSearch search,
                                                                      ToldPtr told,
                                                                      Folders recent) {
  const auto personal = co_await calls_.load_personal(search.call.id);
  const auto claimant = claimant_of(search, personal ? personal->caller : std::string{});
  auto fitting = std::make_shared<std::vector<Fitting>>();
  int reads = 0;
  for (const auto& [folder, chunks] : recent) {
    const auto key = chunks.front().metadata.text + "\n" + chunks.front().etag;
    if (!sweeps_[date].described.contains(key)) {
      if (reads++ == options_.sweep_metadata_reads_max) {
        sweep_reads_cut_.add();
        break;
      }
      auto described = co_await describe(chunks);
      if (!described) co_return Failure(described.error());
      sweeps_[date].described[key] = std::move(*described);
    }
    const auto known = sweeps_.at(date).described.at(key);
    if (!known) continue;
    const bool is_told = told->documents.contains(known->document_id);
    const auto claim = weigh_claim(known->words, claimant, options_.clock_skew);
    if (!is_told && !claim.is_evidence()) continue;
    fitting->push_back({.folder = folder,
                        .chunks = chunks,
                        .words = known->words,
                        .claim = claim,
                        .is_told = is_told});
  }
  co_return fitting;
}

// The one folder with the best evidence, unless another recording may have it with as good a right.
Task<Result<ByosChunkSource::Folders>> ByosChunkSource::best_of(std::vector<Fitting> fitting,
                                                                RecordingId recording) {
  std::vector<Fitting*> left;
  left.reserve(fitting.size());
  for (auto& one : fitting) {
    auto standing = co_await standing_of(&one, recording);
    if (!standing) co_return Failure(standing.error());
    if (standing->is_anothers) continue;
    one.rival = std::move(standing->equal);
    left.push_back(&one);
  }
  if (left.empty()) co_return Folders{};
  const auto best = std::ranges::max(left, {}, [](const Fitting* one) { return one->claim; });
  const auto equal = std::ranges::count(left, best->claim, &Fitting::claim);
  if (equal == 1 && best->rival.empty())
    co_return Folders{{std::move(best->folder), std::move(best->chunks)}};
  log_.warn(equal > 1 ? "several folders fit a recording, none was taken"
                      : "a folder fits several recordings, none takes it",
            {{"recording", recording.text}, {"folders", equal}, {"rival", best->rival.text}});
  if (equal > 1)
    co_return folder_in_doubt(fmt::format(
        "{} folders fit it equally well, {} among them, so none was taken", equal, best->folder));
  co_return folder_in_doubt(
      fmt::format("the folder {} fits recording {} of the same caller equally well, so neither "
                  "takes it",
                  best->folder, best->rival.text));
}

Task<Result<ByosChunkSource::Standing>> ByosChunkSource::standing_of(const Fitting* fitting,
                                                                     RecordingId recording) {
  Standing standing;
  const bool is_named = fitting->claim.basis == ClaimBasis::call_id;
  auto anothers = co_await is_anothers(fitting->chunks, recording, is_named);
  if (!anothers) co_return Failure(anothers.error());
  standing.is_anothers = *anothers;
  if (claims_ == nullptr || *anothers) co_return standing;
  const auto start = fitting->words.start.value_or(WallTime{});
  ClaimantQuery query{.at = start,
                      .slack = options_.clock_skew,
                      .requested_since = start - options_.recording_length_max};
  auto rivals = co_await claims_->claimants(query);
  if (!rivals) co_return fail("look for recordings of the same time", rivals.error());
  for (const auto& rival : *rivals) {
    if (rival.recording.id == recording) continue;
    const auto claim = weigh_claim(fitting->words, rival, options_.clock_skew);
    if (claim > fitting->claim) standing.is_anothers = true;
    if (claim == fitting->claim) standing.equal = rival.recording.id;
  }
  co_return standing;
}

// Chunks of it are stored as another recording's. Where an id says whose it is, an import that took
// it for nobody's does not count.
Task<Result<bool>> ByosChunkSource::is_anothers(std::vector<FoundChunk> chunks,
                                                RecordingId recording, bool is_named) {
  if (claims_ == nullptr) co_return false;
  for (const auto& chunk : chunks) {
    if (chunk.audio.empty()) continue;
    auto owners = co_await claims_->owners_of(chunk.audio);
    if (!owners) co_return fail("look for a chunk's recording", owners.error());
    const bool is_own =
        std::ranges::find(*owners, recording, &FileOwner::recording) != owners->end();
    if (is_own) co_return false;
    const bool is_taken = std::ranges::any_of(
        *owners, [&](const FileOwner& owner) { return !is_named || !owner.is_imported; });
    if (is_taken) co_return true;
  }
  co_return false;
}

// By the metadata of the folder's first chunk that has any; nullopt: none that can be read.
Task<Result<std::optional<ByosChunkSource::Described>>> ByosChunkSource::describe(
    std::vector<FoundChunk> chunks) {
  const auto with =
      std::ranges::find_if(chunks, [](const FoundChunk& chunk) { return !chunk.metadata.empty(); });
  if (with == chunks.end()) co_return std::nullopt;
  auto bytes = co_await blobs_.read(with->metadata, 0, chunk_metadata_bytes_max + 1, "");
  if (!bytes && worth_retrying(bytes.error())) co_return Failure(bytes.error());
  if (!bytes) co_return std::nullopt;
  auto metadata = parse_chunk_metadata(*bytes);
  if (!metadata) co_return std::nullopt;
  Described out{.words = {.call_id = std::move(metadata->call_id),
                          .start = metadata->start,
                          .is_beginning = with->index.value == 0,
                          .participants = {}},
                .document_id = std::move(metadata->document_id)};
  out.words.participants.reserve(metadata->participants.size());
  for (auto& participant : metadata->participants)
    out.words.participants.push_back(std::move(participant.id));
  co_return out;
}

}  // namespace earshot::recording
