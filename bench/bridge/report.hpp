#pragma once
// What a run gave, as a table for docs/performance.md and as raw text.

#include "bench/bridge/load.hpp"

#include <string>
#include <vector>

namespace earshot::bench {

struct RunReport {
  std::string mode;
  LoadOptions options;
  LoadResult load;
  double cpu_ms_per_call_second = 0;
  double memory_kib_per_call = 0;
  std::uint64_t tap_bytes = 0;   // on disk, ledger included
  double tap_bytes_dropped = 0;  // by the spool
  std::string counters;          // of the service, as it ended
};

// Empty: every frame is accounted for and none went astray.
std::vector<std::string> faults_of(const RunReport& report);

std::string table_of(const std::vector<RunReport>& reports);
std::string raw_of(const RunReport& report);

}  // namespace earshot::bench
