#pragma once
// The tap spool on local disk: <directory>/<contextId>/<run>.tap and <run>.ledger, and an empty
// <run>.finished once a run has ended as it should. One thread of its own, of lower priority than
// those that carry the audio, writes each run every `write_every`, the runs in turn, and syncs
// every second round, so that a loss of power costs less than the last second. append() neither
// locks nor waits: it copies into blocks that the thread takes over. A disk that is full or slow
// lets the blocks pile up to their bound, then append() says no, whole pieces at a time; what was
// taken is written when the disk has room again.
// The files together have a share of the disk, and leave others a rest of it: what does not fit any
// more is refused, tap audio first, until the uploads have made room.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "ports/alert_sink.hpp"
#include "ports/tap_spool.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace earshot::store {

// Bytes that this user may still write on the disk of `directory`; none when nobody can tell.
std::optional<std::uint64_t> free_disk_bytes(const std::filesystem::path& directory);

struct TapSpoolOptions {
  std::filesystem::path directory;
  std::size_t run_bytes_waiting_max = std::size_t{512} * 1024;         // about 5 s of tap at 24 kHz
  std::size_t all_bytes_waiting_max = std::size_t{128} * 1024 * 1024;  // of all runs together
  std::size_t runs_open_max = 4096;                                    // two file descriptors each
  Duration write_every = 200ms;
  std::uint64_t disk_bytes_max = std::uint64_t{20} << 30;
  std::uint64_t disk_free_min = 0;
  std::function<std::optional<std::uint64_t>(const std::filesystem::path&)> free_bytes =
      free_disk_bytes;
  // A run's number is not given again for so long after the run was removed, so that what was
  // uploaded of it is not taken for the new one.
  Duration numbers_kept = std::chrono::hours(24);
};

// Reads the directory, making it if it is not there, and starts the thread; blocks. `unavailable`:
// the directory cannot be written. A call id that is no UUID never becomes a path: its run refuses
// every append, and nothing is found of it. Removing an open run is a `conflict`. Each TapRun is
// used by one thread at a time. The references outlive the spool; TapRuns may outlive it. `alerts`
// hears `tap_spool_full`, from the spool's thread, once each time; none: only the log does.
Result<std::unique_ptr<TapSpool>> make_tap_spool_files(const TapSpoolOptions& options,
                                                       Offload& offload, Clock& clock, Log& log,
                                                       Counters& counters,
                                                       AlertSink* alerts = nullptr);

}  // namespace earshot::store
