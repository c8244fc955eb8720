#pragma once
// Goes over what should have ended long ago and has not: answered calls without a verdict, and
// recordings whose search nobody is running. What a lost event, a lost job or a dead database left
// behind is queued again. Recordings of which something is missing are looked for once more, in
// growing distance, for as long as ACS may still write: a chunk that comes late is found even
// when its search was over. A service of the process, not a job: it is what makes up for lost jobs.
// Safe on several replicas: queued twice is done once.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "ports/alert_sink.hpp"
#include "ports/call_store.hpp"

#include <map>
#include <memory>

namespace earshot::recording {

struct ReconcilerOptions {
  Duration round_every = std::chrono::minutes(5);
  // A call that has been over for so long should have its verdict; more than the verifier waits.
  Duration overdue_after = std::chrono::minutes(20);
  // Without a verdict for so long, a person should look.
  Duration alert_after = std::chrono::hours(2);
  // Older calls are left alone.
  Duration look_back = std::chrono::hours(24 * 7);
  // Recordings that lack something are looked for again so long after the last time.
  Duration search_again_after = std::chrono::hours(6);
  int rows_per_round_max = 200;
};

class VerdictReconciler {
 public:
  // All outlive this.
  VerdictReconciler(CallStore& store, AlertSink& alerts, Clock& clock, Counters& counters, Log& log,
                    ReconcilerOptions options = {});

  // Rounds until stop().
  Task<void> run();
  void stop();

  struct Round {
    int calls = 0;       // queued for their verdict
    int recordings = 0;  // queued for their search
  };
  Task<Result<Round>> run_once();

 private:
  Task<Result<int>> queue_calls();
  Task<Result<int>> queue_searches(Discovery discovery);
  bool is_due(const Recording& recording, WallTime now) const;

  CallStore& store_;
  AlertSink& alerts_;
  Clock& clock_;
  Log& log_;
  ReconcilerOptions options_;
  std::unique_ptr<Signal> wake_;
  bool stopping_ = false;
  // Of this process: what was told to a person, and when something was looked for again.
  std::map<ContextId, WallTime> alerted_;
  std::map<RecordingId, WallTime> searched_;
  Counter& calls_queued_;
  Counter& searches_queued_;
  Gauge& calls_overdue_;
};

}  // namespace earshot::recording
