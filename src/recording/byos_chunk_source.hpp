#pragma once
// Finds the chunks of a recording in the customer's own container.
//
// Where ACS puts them: `<YYYYMMDD>/<an id of the call>/<a folder>/`. Which id is not settled (field
// reports say serverCallId, the documentation a call id that no API returns), and the folder need
// not be the recordingId. So the exact prefixes are listed first, on the UTC dates from the
// recording's start to now; only when they hold nothing is the whole date looked through, once for
// all recordings that are being looked for, and a folder is then taken only on evidence: an id in
// its path, the call's id in its metadata, or the time together with the caller. Cost per recording
// therefore does not grow with the container.
//
// A folder of which another recording has chunks is that one's, unless an id says otherwise and the
// other was only imported. One that fits another recording better is left to it, and one that fits
// two equally is taken by neither: the search then fails as folder_doubt.hpp says.
//
// What ACS told of the recording's files goes first: the folder that a location names, when it is
// in this container, and the ids of its documents, which stand in names and metadata. A
// service-managed recording is where we put it ourselves, and needs no looking through dates.
//
// One for each worker, called on it.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "ports/blob_store.hpp"
#include "ports/call_store.hpp"
#include "ports/chunk_source.hpp"
#include "ports/file_locations.hpp"
#include "ports/folder_claims.hpp"
#include "recording/chunk_metadata.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace earshot::recording {

struct ByosOptions {
  int dates_max = 4;  // the first ones; a recording's folder bears the date of its start
  int page_size = 1'000;
  int pages_per_prefix_max = 10;
  int sweep_page_size = 1'000;         // parsed on the worker, in about a millisecond
  int sweep_pages_max = 200;           // of one date; the next sweep goes on from there
  Duration sweep_kept = 60s;           // then the date is looked through again
  int sweep_metadata_reads_max = 100;  // in one search; each folder is read once
  std::size_t dates_kept_max = 8;      // sweeps in memory
  Duration clock_skew = 5s;            // between ACS's clock and ours
  // Recordings that began so long before a folder's audio are no rivals for it.
  Duration recording_length_max = std::chrono::hours(48);
};

class ByosChunkSource : public ChunkSource {
 public:
  // All outlive this. A busy date has more names than the worker, which carries audio, may stop to
  // sort: that is done on `offload`.
  ByosChunkSource(BlobStore& blobs, CallStore& calls, Clock& clock, Offload& offload,
                  Counters& counters, Log& log, ByosOptions options = {},
                  FileLocations* told = nullptr, FolderClaims* claims = nullptr);

  Task<Result<std::vector<FoundChunk>>> find(ChunkSearch search) override;
  Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                           std::string etag) override;

 private:
  using Folders = std::map<std::string, std::vector<FoundChunk>>;
  struct Described {  // what a folder's metadata says
    FolderWords words;
    std::string document_id;
  };
  struct Snapshot {  // of a date
    Folders folders;
    std::map<std::string, WallTime> modified;  // newest blob, by folder
  };
  using SnapshotPtr = std::shared_ptr<const Snapshot>;
  struct Sweep {
    SteadyTime at{};
    bool running = false;
    bool finished_once = false;
    std::string resume_marker;
    SnapshotPtr snapshot;
    std::map<std::string, std::optional<Described>> described;  // by metadata blob and its etag
  };

  struct Told {  // by ACS of the recording's files
    std::vector<std::string> folders;
    std::set<std::string> documents;
  };
  using ToldPtr = std::shared_ptr<const Told>;
  struct Picked {    // out of a snapshot
    Folders named;   // the one that bears the recording's id or that ACS told of
    Folders recent;  // without such: all that are not older than the recording
  };
  using PickedPtr = std::shared_ptr<const Picked>;
  struct Fitting {  // a folder on whose side there is evidence
    std::string folder;
    std::vector<FoundChunk> chunks;
    FolderWords words;
    FolderClaim claim;
    bool is_told = false;  // ACS named it
    RecordingId rival;     // that it fits as well
  };
  using FittingPtr = std::shared_ptr<std::vector<Fitting>>;
  struct Standing {  // of others towards a folder
    bool is_anothers = false;
    RecordingId equal;  // whose claim is as good
  };
  Task<Result<ToldPtr>> what_was_told(RecordingId recording);
  Task<Result<Folders>> in_told_folders(ToldPtr told);
  Task<Result<Folders>> list_prefix(std::string prefix);
  Task<Result<Folders>> by_exact_prefix(ChunkSearch search);
  Task<Result<Folders>> keep_own(ChunkSearch search, Folders folders);
  Task<Result<Folders>> by_sweep(ChunkSearch search, ToldPtr told);
  Task<Result<void>> refresh(std::string date);
  static SnapshotPtr sort_names(const std::vector<BlobInfo>& blobs);
  static Picked pick(const Snapshot& snapshot, std::string_view recording_id, const Told& told,
                     WallTime from);
  Task<PickedPtr> pick_from(SnapshotPtr snapshot, RecordingId recording, ToldPtr told,
                            WallTime from);
  Task<Result<Folders>> match_in(std::string date, ChunkSearch search, ToldPtr told);
  Task<Result<FittingPtr>> fitting_in(std::string date, ChunkSearch search, ToldPtr told,
                                      Folders recent);
  Task<Result<Folders>> best_of(std::vector<Fitting> fitting, RecordingId recording);
  Task<Result<Standing>> standing_of(const Fitting* fitting, RecordingId recording);
  Task<Result<bool>> is_anothers(std::vector<FoundChunk> chunks, RecordingId recording,
                                 bool is_named);
  Task<Result<std::optional<Described>>> describe(std::vector<FoundChunk> chunks);
  std::vector<std::string> dates(const ChunkSearch& search) const;

  BlobStore& blobs_;
  CallStore& calls_;
  Clock& clock_;
  Offload& offload_;
  Log& log_;
  ByosOptions options_;
  FileLocations* told_;                  // may be absent
  FolderClaims* claims_;                 // absent: nobody else is asked for
  std::map<std::string, Sweep> sweeps_;  // by date
  Counter& pages_cut_;
  Counter& sweeps_made_;
  Counter& sweep_reads_cut_;
};

}  // namespace earshot::recording
