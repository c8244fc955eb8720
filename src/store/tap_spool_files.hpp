#pragma once
// The tap spool on local disk: <directory>/<contextId>/<run>.tap and <run>.ledger, and an empty
// <run>.finished once a run has ended as it should. One thread of its own writes every
// `write_every` and syncs every second time, so that a loss of power costs less than the last
// second. append() neither locks nor waits: it copies into blocks that the thread takes over.
// A disk that is full or slow lets the blocks pile up to their bound, then append() says no, whole
// pieces at a time; what was taken is written when the disk has room again.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "ports/tap_spool.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>

namespace earshot::store {

struct TapSpoolOptions {
  std::filesystem::path directory;
  std::size_t run_bytes_waiting_max = 512 * 1024;         // about 5 s of tap at 24 kHz
  std::size_t all_bytes_waiting_max = 128 * 1024 * 1024;  // of all runs together
  std::size_t runs_open_max = 4096;                       // two file descriptors each
  Duration write_every = 250ms;
  // A run's number is not given again for so long after the run was removed, so that what was
  // uploaded of it is not taken for the new one.
  Duration numbers_kept = std::chrono::hours(24);
};

// Reads the directory, making it if it is not there, and starts the thread; blocks. `unavailable`:
// the directory cannot be written. A call id that is no UUID never becomes a path: its run refuses
// every append, and nothing is found of it. Removing an open run is a `conflict`. Each TapRun is
// used by one thread at a time. The references outlive the spool; TapRuns may outlive it.
Result<std::unique_ptr<TapSpool>> make_tap_spool_files(const TapSpoolOptions& options,
                                                       Offload& offload, Clock& clock, Log& log,
                                                       Counters& counters);

}  // namespace earshot::store
