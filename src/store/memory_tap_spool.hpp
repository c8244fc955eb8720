#pragma once
// The tap spool in memory, for tests: what is appended is "on disk" at once. Thread-safe.

#include "ports/tap_spool.hpp"

#include <cstddef>
#include <memory>

namespace earshot::store {

class MemoryTapSpool : public TapSpool {
 public:
  // Appends beyond so many bytes in one run are refused.
  explicit MemoryTapSpool(std::size_t run_bytes_max = 1024 * 1024 * 1024);
  ~MemoryTapSpool() override;

  std::unique_ptr<TapRun> start_run(ContextId call) override;
  Task<Result<std::vector<SpooledRun>>> runs(ContextId call) override;
  Task<Result<std::vector<SpooledRun>>> all_runs() override;
  Task<Result<Bytes>> read(ContextId call, std::uint32_t run, SpoolKind kind, std::uint64_t offset,
                           std::uint64_t length) override;
  Task<Result<void>> remove(ContextId call, std::uint32_t run) override;
  Task<void> flush() override;

 private:
  struct State;
  std::shared_ptr<State> state_;  // TapRuns may outlive the spool
};

}  // namespace earshot::store
