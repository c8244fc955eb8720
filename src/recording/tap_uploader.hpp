#pragma once
// Moves the bridge's own copy of calls from the local spool to the blob store: whole blocks while
// the call lasts, the rest and the ledger when a run is over; then the local run goes. What is in
// the spool is the queue, so nothing is lost by a crash: blocks are staged again under the same
// numbers. A service of the process that owns the spool, not a job, because another replica could
// not read it.
//
// Blobs: `<YYYYMMDD of the call>/earshot/<contextId>/tap-<run>.pcm` and `ledger-<run>.bin`; neither
// has the form of a chunk's name, so discovery never takes one for ACS's.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "ports/blob_store.hpp"
#include "ports/call_store.hpp"
#include "ports/retention_store.hpp"
#include "ports/tap_spool.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>

namespace earshot::recording {

// "20260302/earshot/<contextId>/": where the witnesses of a call are.
std::string witness_folder(WallTime call_received_at, const ContextId& call);
BlobName witness_blob(WallTime call_received_at, const ContextId& call, std::uint32_t run,
                      SpoolKind kind);

struct TapUploaderOptions {
  std::uint64_t block_bytes = 4 << 20;
  int blocks_per_run_max = 16;  // in one round, so that one long run does not hold up others
  Duration round_every = 10s;
  Duration round_after_failure = 30s;
  // After the erasure of a call began: by then it is settled, or the mark is gone again.
  Duration erased_grace = std::chrono::hours(1);
  Duration ended_grace = 60s;  // after a call's end, before an unfinished run counts as left
};

class TapUploader {
 public:
  // All outlive this.
  TapUploader(TapSpool& spool, BlobStore& blobs, CallStore& calls, RetentionStore& retention,
              Clock& clock, Counters& counters, Log& log, TapUploaderOptions options = {});

  // Rounds until stop(); a round that has begun a block ends it first.
  Task<void> run();
  void stop();

  struct Round {
    int blocks = 0;
    int runs_finished = 0;
    int failures = 0;
    bool more = false;  // there is work left that could be done at once
  };
  Task<Round> run_once();

 private:
  struct Step {
    int blocks = 0;
    bool finished = false;
    bool more = false;
  };
  using Key = std::tuple<ContextId, std::uint32_t, SpoolKind>;
  Task<Result<Step>> advance(SpooledRun run, bool newer_run_exists);
  Task<Result<Step>> advance_erased(SpooledRun run, WallTime erased_at);
  Task<Result<Step>> drop(SpooledRun run);
  Task<Result<Step>> take_back(SpooledRun run, WallTime received_at);
  // Stages what can be staged of one file; `complete` when nothing is left but the commit.
  struct Staged {
    int blocks = 0;
    bool complete = false;
    bool more = false;
  };
  Task<Result<Staged>> stage(SpooledRun run, SpoolKind kind, BlobName name, bool is_over);
  Task<Result<void>> commit(SpooledRun run, SpoolKind kind, BlobName name);

  TapSpool& spool_;
  BlobStore& blobs_;
  CallStore& calls_;
  RetentionStore& retention_;
  Clock& clock_;
  Log& log_;
  TapUploaderOptions options_;
  std::map<Key, std::uint32_t> staged_;  // whole blocks, of runs that are in the spool
  std::unique_ptr<Signal> wake_;
  bool stopping_ = false;
  Counter& bytes_uploaded_;
  Counter& failures_;
  Counter& runs_erased_;
  Gauge& runs_waiting_;
};

}  // namespace earshot::recording
