#pragma once
// One run of the tap spool: what its producer appends, and the two files that the spool's thread
// writes it to.

#include "base/counters.hpp"
#include "ports/tap_spool.hpp"
#include "store/detail/block_queue.hpp"
#include "store/detail/disk_share.hpp"
#include "store/detail/file.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace earshot::store {

// What all runs share; lives as long as the last of them.
struct TapBounds {
  TapBounds(std::size_t run_max, std::size_t all_max, Counter& dropped_in, Counter& refused_in,
            std::uint64_t disk_bytes_max, std::uint64_t disk_free_min)
      : run_bytes_waiting_max(run_max),
        all_bytes_waiting_max(all_max),
        dropped(dropped_in),
        refused(refused_in),
        share(disk_bytes_max, disk_free_min) {}

  std::size_t run_bytes_waiting_max;
  std::size_t all_bytes_waiting_max;
  Counter& dropped;  // bytes
  Counter& refused;  // bytes
  DiskShare share;
  std::atomic<std::size_t> waiting = 0;
  std::atomic<unsigned> runs_started = 0;
  // Set by the spool's destructor: the counter may be gone.
  std::atomic<bool> closed = false;
};

std::string tap_file_name(std::uint32_t run, SpoolKind kind);
std::string finished_file_name(std::uint32_t run);
std::string removed_file_name(std::uint32_t run);

class TapRunFiles {
 public:
  TapRunFiles(std::shared_ptr<TapBounds> bounds, std::filesystem::path directory,
              std::uint32_t run);

  // Producer's.
  bool append(SpoolKind kind, ByteView bytes);
  void finish() { finish_wanted_.store(true, std::memory_order_release); }

  // Any thread's.
  bool finished() const { return finished_.load(std::memory_order_acquire); }
  std::uint64_t bytes_written(SpoolKind kind) const {
    return streams_[static_cast<std::size_t>(kind)].written.load(std::memory_order_acquire);
  }

  // The spool thread's. Runs are written in turn, `turns` groups one after the other.
  bool has_turn(unsigned turn, unsigned turns) const { return number_ % turns == turn; }
  // Writes what waits; the Error is why some of it still waits.
  Result<void> write();
  bool needs_sync() const { return needs_sync_; }
  Result<void> sync();  // this run's files, and their directory while their names are new
  void synced_otherwise() { needs_sync_ = names_are_new_ = false; }
  // The producer is done and all is written and synced: closes the files, leaves the mark.
  bool ready_to_close() const;
  Result<void> close_finished();

 private:
  struct Stream {
    BlockQueue queue;
    File file;
    std::atomic<std::uint64_t> written = 0;
    bool begun = false;  // the producer's
  };
  Result<void> open_files();
  Result<void> write_stream(Stream& stream);

  // Given at construction.
  std::shared_ptr<TapBounds> bounds_;
  std::filesystem::path directory_;
  std::uint32_t run_;
  unsigned number_;  // of all runs of this process

  std::array<Stream, 2> streams_;
  std::atomic<std::size_t> waiting_ = 0;
  std::atomic<bool> finish_wanted_ = false;
  std::atomic<bool> finished_ = false;
  // The spool thread's.
  bool opened_ = false;
  bool needs_sync_ = false;
  bool names_are_new_ = false;
  bool end_seen_ = false;  // the producer was done before the last write() began
};

}  // namespace earshot::store
