#pragma once
// Which runs there are, on disk and open: what the tap spool answers from, without the disk.
// Its user holds the lock.

#include "base/time.hpp"
#include "store/detail/tap_run_files.hpp"

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace earshot::store {

class TapRunIndex {
 public:
  struct Entry {
    std::shared_ptr<TapRunFiles> files;  // none: left by an earlier process
    bool finished = false;
    std::uint64_t tap_bytes = 0;
    std::uint64_t ledger_bytes = 0;
  };

  // What an earlier process left in `directory`. Names that are none of ours are left alone.
  Result<void> read(const std::filesystem::path& directory, WallTime now);

  std::uint32_t next_run(const ContextId& call) const;
  void add(const ContextId& call, std::uint32_t run, std::shared_ptr<TapRunFiles> files);
  const Entry* find(const ContextId& call, std::uint32_t run) const;
  // Gives how many bytes the run had.
  std::uint64_t remove(const ContextId& call, std::uint32_t run, WallTime now);
  // The directories in which there is nothing any more and whose numbers are older than `before`.
  std::vector<ContextId> forget_empty(WallTime before);

  std::vector<SpooledRun> runs(const ContextId& call) const;
  std::vector<SpooledRun> all_runs() const;

 private:
  struct CallRuns {
    std::map<std::uint32_t, Entry> runs;
    std::uint32_t next = 0;
  };
  void read_file(const ContextId& call, const std::filesystem::directory_entry& file);

  std::map<ContextId, CallRuns> calls_;
  std::deque<std::pair<WallTime, ContextId>> emptied_;
};

}  // namespace earshot::store
