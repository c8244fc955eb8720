#pragma once
// What the bridges of a process count. Handles are taken when a call's bridge is made; a frame
// bumps plain numbers, which are added up once a second.

#include "base/counters.hpp"

#include <cstdint>

namespace earshot::bridge {

// Of one call since the last flush; touched on its executor only.
struct BridgeTally {
  std::uint64_t caller_frames = 0;
  std::uint64_t caller_frames_duplicate = 0;
  std::uint64_t caller_frames_late = 0;
  std::uint64_t caller_frames_early = 0;
  std::uint64_t caller_gaps = 0;
  std::uint64_t caller_nonsense = 0;
  std::uint64_t early_frames_dropped = 0;
  std::uint64_t appends_refused = 0;
  std::uint64_t assistant_deltas = 0;
  std::uint64_t assistant_deltas_late = 0;
  std::uint64_t assistant_deltas_refused = 0;
  std::uint64_t pieces_sent = 0;
  std::uint64_t pieces_refused = 0;
  std::uint64_t backlog_samples_dropped = 0;
  std::uint64_t requests_refused = 0;
};

class BridgeMetrics {
 public:
  // `counters` outlives this.
  explicit BridgeMetrics(Counters& counters);
  void flush(BridgeTally& tally);
  // Of what the spool refused so far, by one call; `seen` remembers what was counted.
  void count_spool_refusals(std::uint64_t total, std::uint64_t& seen);

  Counter& interruptions;
  Counter& sockets_replaced;
  Counter& sessions_opened;
  Counter& sessions_failed;
  Counter& handover_dropped;
  Histogram& stop_audio_seconds;
  Histogram& added_latency_seconds;
  Histogram& timer_lag_seconds;

 private:
  Counter& caller_frames_;
  Counter& caller_duplicate_;
  Counter& caller_late_;
  Counter& caller_early_;
  Counter& caller_gaps_;
  Counter& caller_nonsense_;
  Counter& early_dropped_;
  Counter& appends_refused_;
  Counter& deltas_;
  Counter& deltas_late_;
  Counter& deltas_refused_;
  Counter& pieces_sent_;
  Counter& pieces_refused_;
  Counter& backlog_dropped_;
  Counter& requests_refused_;
  Counter& spool_refused_;
};

}  // namespace earshot::bridge
