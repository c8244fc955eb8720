#pragma once
// Removes the bridge's own copies (tap and ledger) once they are older than they are kept: those
// under `<YYYYMMDD>/earshot/` of a date that is over by so many days. ACS's chunks, which stand
// beside them, are never touched, nor is what was filled from a tap, or a manifest, or anything of
// a call on hold; where a rule of retention covers tap or ledger of a call, they are left to the
// rules (retention_keeper.hpp). What the storage refuses to delete is passed over, and tried again
// in the next round. Safe to run on several replicas: removing what is gone is a success.
//
// The first round after the start looks at every date in the container, later ones only at the
// dates that have come of age since, so that a round's cost does not grow with the container.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "domain/retention.hpp"
#include "ports/blob_store.hpp"
#include "ports/call_store.hpp"
#include "ports/retention_store.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::recording {

struct TapRetentionOptions {
  int keep_days = 30;  // whole days after the call's date, UTC
  Duration round_every = std::chrono::hours(6);
  Duration round_after_failure = std::chrono::minutes(10);
  std::vector<RetentionRule> rules;
  int pages_max = 1'000;  // of one listing, so that a store that repeats its marker ends the round
};

class TapRetention {
 public:
  // All outlive this.
  TapRetention(BlobStore& blobs, CallStore& calls, RetentionStore& holds, Clock& clock,
               Counters& counters, Log& log, TapRetentionOptions options);

  // Rounds until stop().
  Task<void> run();
  void stop();
  // How many blobs went.
  Task<Result<int>> run_once();

 private:
  // Why what is of age may have to stay.
  struct Standing {
    ContextId call;
    bool held = false;
    bool tap_ruled = false;
    bool ledger_ruled = false;
  };
  Task<Result<Standing>> standing_of(ContextId call);
  Task<Result<int>> remove_below(std::string prefix);
  // False: the storage refuses it.
  Task<Result<bool>> remove(BlobName witness);

  BlobStore& blobs_;
  CallStore& calls_;
  RetentionStore& holds_;
  Clock& clock_;
  Log& log_;
  TapRetentionOptions options_;
  std::optional<std::string> done_before_;  // dates below it are known to be empty
  std::optional<std::string> first_left_;   // date on which a hold or the storage was in the way
  int refused_now_ = 0;                     // in this round
  std::unique_ptr<Signal> wake_;
  bool stopping_ = false;
  Counter& removed_;
  Counter& refused_;
};

}  // namespace earshot::recording
