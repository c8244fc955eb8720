#pragma once
// The job that makes an import ("import_recordings", subject: the import's id): goes through the
// date folders of the container, adopts what the database has never seen, and has a recording
// looked for again that lacks a chunk lying there. It reads names, metadata and headers; what is
// known already costs not a byte. Each folder's word is stored together with what follows from it,
// so that an attempt which was interrupted goes on where it was, and two at once adopt nothing
// twice.

#include "jobs/job_outcome.hpp"
#include "ports/blob_store.hpp"
#include "recording/importing/import_folders.hpp"
#include "recording/importing/imports.hpp"
#include "recording/importing/known_recordings.hpp"

#include <memory>
#include <optional>

namespace earshot::recording {

struct ImporterOptions {
  VerdictThresholds thresholds;
  int page_size = 5'000;  // of a listing; Blob Storage gives no more
  std::size_t files_per_folder_max = 4'000;
  // Other recordings of a call that are looked into again, to judge it as a whole.
  std::size_t siblings_max = 20;
  std::size_t running_max = 1;  // others wait, and leave room for jobs of calls
  Duration place_delay = 2s;    // until one that found no room looks again
  Duration retry_first = 5s;    // doubled each time
  Duration retry_max = std::chrono::minutes(5);
};

class RecordingImporter {
 public:
  // All outlive this.
  RecordingImporter(ImportServices services, BlobStore& blobs, ImporterOptions options = {});
  ~RecordingImporter();

  // The handler. Safe to run twice.
  Task<JobOutcome> run(Job job);
  // What runs ends soon, and is taken up again by whoever runs next.
  void stop() { stopping_ = true; }

 private:
  class Container;
  struct Decision {
    ImportItem item;
    Changes changes;
  };
  using Known = KnownRecordings::Known;
  using Row = std::shared_ptr<Import>;

  Task<Result<void>> go_through(Row row);
  Task<Result<void>> go_through_date(Row row);
  Task<Result<void>> take(Row row, ImportFolder folder);
  Task<Result<Decision>> decide(Row row, ImportFolder folder);
  Task<Result<Decision>> decide_on_unknown(Decision decision, ImportFolder folder,
                                           std::optional<Known> imported);
  Task<Result<Decision>> decide_on_imported(Decision decision, ImportFolder folder);
  Task<Result<bool>> has_personal(ContextId call);
  // Of ours, or perhaps of ours; none: it is nobody's, with a note on it perhaps.
  Task<Result<std::optional<Decision>>> decide_by_evidence(Decision decision,
                                                           const FoundFolder* found,
                                                           std::vector<FoundChunk> files,
                                                           std::string* note);
  Decision decide_on_own(Decision decision, Known known, std::vector<FoundChunk> found) const;
  Task<Result<FoundFolder>> inspect(ImportFolder folder, RecordingId id);
  Task<Result<CallSoFar>> call_so_far(CallNames names, std::optional<Known> imported,
                                      std::string folder);
  Task<Result<FoundFolder>> inspect_again(Recording recording);
  Task<Result<Decision>> decide_on_adoption(Decision decision, Adoption adoption,
                                            std::optional<Call> before, bool is_update);
  Task<Result<void>> save(Row row);
  Task<JobOutcome> after_failure(Job job, Row row, Error error);
  void count(const ImportItem& item, bool dry_run);

  ImportServices services_;
  ImporterOptions options_;
  std::unique_ptr<Container> container_;
  KnownRecordings known_;
  ChunkInspector inspector_;
  std::size_t running_ = 0;
  bool stopping_ = false;
};

}  // namespace earshot::recording
