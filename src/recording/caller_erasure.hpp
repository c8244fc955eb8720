#pragma once
// Erases what is kept of one caller: of every call that came from that number its blobs, its spool
// files, what was said, numbers and names, and the raw bodies of its events. Journal, verdicts and
// the calls themselves stay: they hold no personal data. What is done is a receipt, made before and
// completed after each step, so that it tells the truth after a crash too, and signed at the end; a
// job does it.

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "jobs/job_outcome.hpp"
#include "recording/erased_hashes.hpp"
#include "recording/manifest.hpp"
#include "recording/retention_keeper.hpp"

#include <memory>
#include <string>
#include <vector>

namespace earshot::recording {

inline constexpr const char* erase_caller_job = "erase_caller";

struct CallerErasureOptions {
  Bytes key;                         // of the digest by which a receipt names its caller
  ManifestKey signing;               // signs the receipts
  std::vector<Bytes> manifest_keys;  // public, present and former: whose manifests are believed
  std::string software;              // name and version, for the receipts
  int calls_max = 10'000;
  Duration retry_first = 2s;
  Duration retry_max = 10min;
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
  Task<Result<void>> erase_all(ErasureId id);
  Task<Result<void>> erase(ErasureId id, ErasedCall call);
  Task<Result<void>> finish(ErasureId id);
  Task<Result<void>> add_missing(ErasedCall* call, const KeptOfCall* kept);
  Task<Result<void>> confirm_gone(Call call);
  Task<Result<void>> remove_items(const KeptOfCall* kept, ErasedCall* call);
  Task<Result<void>> journal(const ErasedCall* call);
  // "": it may be erased.
  Task<Result<std::string>> obstacle(Call call);

  RetentionServices services_;
  Random& random_;
  CallerErasureOptions options_;
  KeptObjects objects_;
  ErasedHashes hashes_;
  Counter& erased_;
  Counter& refused_;
};

}  // namespace earshot::recording
