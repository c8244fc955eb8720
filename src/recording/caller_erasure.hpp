#pragma once
// Erases what is kept of one caller: of every call that came from that number its blobs, its spool
// files, what was said, numbers and names, and the raw bodies of its events. Journal, verdicts and
// the calls themselves stay: they hold no personal data. What is done is a receipt, made before and
// completed after each step, so that it tells the truth after a crash too, and signed at the end; a
// job does it. From the moment at which a call's turn begins the store takes no personal data of it
// any more (Call::erased_at). What ACS, or a job that ran at that moment, puts into storage
// afterwards is looked for again, each time with a receipt of its own that adds to the first.

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "jobs/job_outcome.hpp"
#include "recording/erased_hashes.hpp"
#include "recording/manifest.hpp"
#include "recording/retention_keeper.hpp"

#include <array>
#include <set>
#include <string>
#include <vector>

namespace earshot::recording {

inline constexpr const char* erase_caller_job = "erase_caller";

// When what came after an erasure is looked for, counted from its end. After an hour: jobs that ran
// while it did have ended, and ACS has written the last chunk of a recording that was just over.
// After a day: ACS keeps its own copy for 24 hours, and Event Grid delivers for as long. After
// eight days: no search for a recording lasts longer than seven, and what is staged in Azure is
// gone by then.
inline constexpr std::array<Duration, 3> erasure_looks_after{
    std::chrono::hours(1), std::chrono::days(1), std::chrono::days(8)};
// A call whose recording is still looked for waits so long for its turn: longer than any search.
inline constexpr Duration erasure_waits_max = std::chrono::days(8);

struct CallerErasureOptions {
  Bytes key;                         // of the digest by which a receipt names its caller
  ManifestKey signing;               // signs the receipts
  std::vector<Bytes> manifest_keys;  // public, present and former: whose manifests are believed
  std::string software;              // name and version, for the receipts
  int calls_max = 10'000;
  Duration retry_first = 2s;
  Duration retry_max = 10min;
  Duration wait_for_recording = 5min;  // until a call whose recording may still come is asked again
  Duration wait_for_hold = std::chrono::days(1);  // a later look, until a hold is asked for again
};

class CallerErasure {
 public:
  // All outlive this.
  CallerErasure(RetentionServices services, Random& random, CallerErasureOptions options);

  // Durable when it returns; the job is queued. The number is stored nowhere. `invalid`: no number;
  // `conflict`: more calls than one erasure takes.
  Task<Result<Erasure>> request(std::string number);
  // What it would be, with every blob named; nothing is stored.
  Task<Result<Erasure>> plan(std::string number);
  Task<Result<Erasure>> load(ErasureId id);            // `not_found`
  Task<Result<std::vector<Erasure>>> list(int limit);  // newest first
  // As it was signed. `not_found`; `conflict` as long as the erasure is not finished.
  Task<Result<std::string>> signed_receipt(ErasureId id);

  // The handler; subject: the erasure's id. Safe to run twice.
  Task<JobOutcome> run(Job job);

  // By which receipts name the caller of that number.
  std::string caller_key(std::string_view number) const;

 private:
  Task<Result<std::vector<ContextId>>> calls_of(std::string number);
  Task<Result<Erasure>> draft(std::string number);
  struct Obstacle {
    std::string why;      // "": none
    bool passes = false;  // by itself: the call waits
  };
  struct Progress {
    int waiting = 0;  // calls that are to be asked again
    bool is_later_look = false;
  };
  // One call, and where what is kept of it may lie beside its own folders: where the receipts name
  // something of it.
  struct Subject {
    Call call;
    std::set<std::string> folders;
  };
  Task<Result<Progress>> erase_all(ErasureId id);
  Task<Result<Erasure>> first_of(const Erasure* erasure);
  // False: it waits. `first` as the request itself came out.
  Task<Result<bool>> erase(const Erasure* erasure, const Erasure* first, ErasedCall call);
  Task<Result<void>> begin(ErasureId id, ErasedCall* call);
  // Gives the rows that may go.
  Task<Result<RowRemoval>> remove(ErasureId id, const Subject* subject, ErasedCall* call);
  Task<Result<void>> settle(const Erasure* erasure, ErasedCall call, RowRemoval rows);
  Task<Result<void>> finish(ErasureId id);
  std::vector<PlannedErasure> later_looks(const Erasure& erasure, WallTime now) const;
  Task<Result<KeptOfCall>> look_at(const Subject* subject);
  Task<Result<void>> forget_what_is_there(const Subject* subject, ErasedCall* erased);
  Task<Result<void>> add_missing(ErasedCall* call, const KeptOfCall* kept);
  Task<Result<void>> confirm_gone(const Subject* subject);
  Task<Result<void>> remove_items(const KeptOfCall* kept, ErasedCall* call);
  Task<Result<void>> journal(const ErasedCall* call, bool is_later_look);
  Task<Result<Obstacle>> obstacle(Call call, bool is_later_look);
  Task<Result<Obstacle>> open_recording(Call call);

  RetentionServices services_;
  Random& random_;
  CallerErasureOptions options_;
  KeptObjects objects_;
  ErasedHashes hashes_;
  Counter& erased_;
  Counter& refused_;
  Counter& found_later_;
};

}  // namespace earshot::recording
