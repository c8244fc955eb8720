#pragma once
// Does durable work: leases due jobs, runs the handler of their kind, and stores what came of it. A
// job is run at least once: a handler must bear to run again after a crash, or after its lease was
// lost to another runner. All members are called on the executor given, except wake().

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/task_group.hpp"
#include "jobs/job_outcome.hpp"
#include "jobs/retry_policy.hpp"
#include "ports/job_store.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace earshot::jobs {

struct JobRunnerOptions {
  std::string runner;  // no other process has it, and no earlier one of this replica: a UUID
  std::size_t running_max = 8;
  Duration lease_for = 60s;
  Duration extend_every = 20s;
  // Looks for work at least so often: what another replica added or let go is seen by nothing else.
  Duration look_every = 10s;
  // After a handler threw: a fault of ours, tried again until the job's deadline, if it has one.
  RetryPolicy after_exception{.first_delay = 5s, .delay_max = 600s};
  // While the database is away.
  RetryPolicy store_away{.first_delay = 1s, .delay_max = 30s};
  // A kind that nobody handles here: a newer version's, during an upgrade.
  Duration unknown_kind_delay = 300s;
};

class JobRunner {
 public:
  using Handler = std::function<Task<JobOutcome>(Job)>;

  // All outlive this.
  JobRunner(JobStore& store, Executor& executor, Clock& clock, Random& random, Log& log,
            Counters& counters, JobRunnerOptions options);
  // A job that outlasted stop() may be destroyed after this, but must not run again.
  ~JobRunner();
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  // Before run(). The handler decides about the job's deadline, which it is given: an outage may be
  // a reason to go on past it. Only a handler that throws is stopped by the deadline.
  void handle(std::string kind, Handler handler);

  // Until stop(). Once.
  Task<void> run();
  // There may be work now. Thread-safe.
  void wake();
  // Leases nothing more, waits for the jobs that run until `deadline`, and gives how many were left
  // behind: their leases run out, and another runner takes over.
  Task<std::size_t> stop(SteadyTime deadline);

  std::size_t running() const;

 private:
  struct Lease;
  struct Places;
  class Place;

  Task<SteadyTime> lease_what_is_due();
  Task<SteadyTime> when_to_look();
  SteadyTime after_store_failed(const Error& error);
  Task<void> give_back(Job job);
  Task<void> run_job(Job job, std::shared_ptr<Place> place);
  Task<JobOutcome> outcome_of(Job job);
  JobOutcome after_exception(const Job& job, const std::string& what);
  Task<void> keep_lease(JobId id, std::shared_ptr<Lease> lease);
  void lose(const JobId& id, Lease& lease);
  Task<void> store_outcome(Job job, JobOutcome outcome, std::shared_ptr<Lease> lease);
  Task<Result<void>> store_once(Job job, JobOutcome outcome);
  void count(const std::string& kind, const JobOutcome& outcome);
  WallTime lease_end() const { return clock_.wall_now() + options_.lease_for; }

  // Given at construction.
  JobStore& store_;
  Executor& executor_;
  Clock& clock_;
  Random& random_;
  Log& log_;
  Counters& counters_;
  JobRunnerOptions options_;
  Counter& exceptions_;
  Counter& leases_lost_;
  Gauge& running_gauge_;

  // Touched only on executor_.
  std::map<std::string, Handler> handlers_;
  std::unique_ptr<Signal> changed_;  // run() waits on it
  std::unique_ptr<Signal> ended_;    // stop() waits on it
  std::shared_ptr<Places> places_;   // outlives this, if a job does
  int store_failures_ = 0;
  bool stopping_ = false;
  TaskGroup group_;
};

}  // namespace earshot::jobs
