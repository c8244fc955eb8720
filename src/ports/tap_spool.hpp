#pragma once
// Where the bridge's own witness goes first: tap audio and ledger, on local disk, written by the
// spool's own thread, so that a crash loses at most the last second. Implementation:
// store/tap_spool_files; memory in tests. A run is one unbroken stretch of one call's bridge; a
// re-made bridge is a new run. The format of the bytes is the bridge's (domain/ledger_format.hpp,
// domain/tap_format.hpp); the spool does not look inside.

#include "base/bytes.hpp"
#include "base/task.hpp"
#include "domain/ids.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace earshot {

enum class SpoolKind { tap, ledger };

class TapRun {
 public:
  virtual ~TapRun() = default;  // finishes the run
  // Called on the audio path: copies into a bounded buffer and returns. False: the buffer (per run)
  // or the spool (in all) is full; the bytes are dropped and counted.
  virtual bool append(SpoolKind kind, ByteView bytes) = 0;
  // What was appended reaches the disk soon; no more is coming.
  virtual void finish() = 0;
};

struct SpooledRun {
  ContextId call;
  std::uint32_t run = 0;  // from 0
  bool finished = false;  // false: still written, or left behind by a crash
  bool open = false;      // this process still writes it, however long the disk takes
  std::uint64_t tap_bytes = 0;
  std::uint64_t ledger_bytes = 0;
};

class TapSpool {
 public:
  virtual ~TapSpool() = default;
  // Never waits for the disk: opening is done by the spool's thread. Thread-safe.
  virtual std::unique_ptr<TapRun> start_run(ContextId call) = 0;
  virtual Task<Result<std::vector<SpooledRun>>> runs(ContextId call) = 0;
  virtual Task<Result<std::vector<SpooledRun>>> all_runs() = 0;
  // Only what is on disk; fewer bytes at the end.
  virtual Task<Result<Bytes>> read(ContextId call, std::uint32_t run, SpoolKind kind,
                                   std::uint64_t offset, std::uint64_t length) = 0;
  virtual Task<Result<void>> remove(ContextId call, std::uint32_t run) = 0;
  // Waits until everything appended so far is on disk (fsync).
  virtual Task<void> flush() = 0;
};

}  // namespace earshot
