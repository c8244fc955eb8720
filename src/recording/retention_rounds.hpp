#pragma once
// Asks the rules of all calls, round after round: of those whose time has come, and, once under
// each set of rules, of every call from the oldest. Where a round ends the next one goes on, after
// a restart too; its cost is that of the calls it looks at, not of the container. A call that could
// not be done is put off, the longer the more often that happens, and the round goes on.

#include "recording/retention_keeper.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace earshot::recording {

struct RetentionRoundOptions {
  Duration round_every = std::chrono::hours(1);
  Duration round_after_failure = std::chrono::minutes(10);
  Duration round_after_full = std::chrono::minutes(1);  // there was more to do
  int calls_per_round_max = 500;
  int page_size = 50;
  Duration put_off_first = std::chrono::minutes(10);
  Duration put_off_max = std::chrono::days(1);
  // With so many failures on end it is the storage that is away: the round ends.
  int failures_on_end_max = 10;
  std::size_t failures_remembered_max = 1'000;  // beyond it some begin with the first wait again
};

struct RetentionReport {
  bool dry_run = false;
  int looked_at = 0;
  int put_off = 0;                   // of those: what could not be done now
  bool more = false;                 // there are calls that it did not come to
  std::vector<CallRetention> calls;  // of which something was done, is to be done, or is barred
};

class RetentionRounds {
 public:
  RetentionRounds(RetentionServices services, RetentionKeeper& keeper,
                  RetentionRoundOptions options = {});

  // Rounds until stop().
  Task<void> run();
  void stop();
  // One round, over `calls_max` calls at most. `conflict` while another one runs.
  Task<Result<RetentionReport>> run_once(int calls_max);
  // What the next round would do; nothing is.
  Task<Result<RetentionReport>> plan(int calls_max);
  // What the first round under other rules would do; nothing is. So they can be tried before the
  // service begins with them.
  Task<Result<RetentionReport>> plan_under(RetentionRules rules, int calls_max);

 private:
  class Turn;
  Task<Result<RetentionReport>> make_round(int calls_max);
  Task<Result<void>> take_due(int calls_max, RetentionReport* report);
  Task<Result<void>> walk(int calls_max, RetentionReport* report);
  Task<Result<void>> take(Call call, RetentionReport* report);
  // Fails with `why` when it is no fault of the one call's.
  Task<Result<void>> put_off(ContextId call, Error why, RetentionReport* report);
  Duration next_wait(const ContextId& call);
  // Calls received before it are walked through; none: no rule asks for that.
  std::optional<WallTime> walk_end() const;

  RetentionServices services_;
  RetentionKeeper& keeper_;
  RetentionRoundOptions options_;
  std::string rules_digest_;
  std::unique_ptr<Signal> wake_;
  bool stopping_ = false;
  bool running_ = false;
  Counter& looked_;
  Counter& rounds_cut_;
  Counter& put_off_;
  int failures_on_end_ = 0;            // of this round
  std::map<ContextId, int> failures_;  // of calls that were put off, since the start
};

}  // namespace earshot::recording
