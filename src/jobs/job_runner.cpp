#include "jobs/job_runner.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::jobs {

// What a running job and the renewal of its lease share.
struct JobRunner::Lease {
  explicit Lease(Clock& clock) : changed(clock.make_signal()) {}
  std::unique_ptr<Signal> changed;
  bool over = false;
  bool lost = false;
};

// What the runner shares with the jobs that run. Cleared by the runner's end: a job that outlasts
// the stop is destroyed with the event loop, when the runner and its counters are gone.
struct JobRunner::Places {
  JobRunner* runner = nullptr;
  std::size_t taken = 0;
};

// One of the running_max places, free again when it is destroyed, whatever happened.
class JobRunner::Place {
 public:
  explicit Place(std::shared_ptr<Places> places) : places_(std::move(places)) {
    ++places_->taken;
    places_->runner->running_gauge_.add(1);
  }
  ~Place() {
    --places_->taken;
    if (places_->runner == nullptr) return;
    places_->runner->running_gauge_.add(-1);
    places_->runner->changed_->notify();
    places_->runner->ended_->notify();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::shared_ptr<Places> places_;
};

JobRunner::JobRunner(JobStore& store, Executor& executor, Clock& clock, Random& random, Log& log,
                     Counters& counters, JobRunnerOptions options)
    : store_(store),
      executor_(executor),
      clock_(clock),
      random_(random),
      log_(log),
      counters_(counters),
      options_(std::move(options)),
      exceptions_(counters.counter("earshot_job_exceptions_total",
                                   "job handlers that threw: a fault of this program")),
      leases_lost_(counters.counter("earshot_job_leases_lost_total",
                                    "jobs that another runner took over while they ran here")),
      running_gauge_(counters.gauge("earshot_jobs_running", "jobs that run in this process")),
      changed_(clock.make_signal()),
      ended_(clock.make_signal()),
      places_(std::make_shared<Places>()),
      group_(executor, clock, log, "jobs") {
  places_->runner = this;
}

JobRunner::~JobRunner() { places_->runner = nullptr; }

std::size_t JobRunner::running() const { return places_->taken; }

void JobRunner::handle(std::string kind, Handler handler) {
  handlers_[std::move(kind)] = std::move(handler);
}

void JobRunner::wake() {
  executor_.post([this] { changed_->notify(); });
}

Task<void> JobRunner::run() {
  while (!stopping_) {
    const auto look_again = co_await lease_what_is_due();
    if (stopping_) break;
    // A notification that came meanwhile is kept: the wait then returns at once.
    co_await changed_->wait_until(look_again);
  }
}

Task<std::size_t> JobRunner::stop(SteadyTime deadline) {
  stopping_ = true;
  changed_->notify();
  while (running() > 0)
    if (co_await ended_->wait_until(deadline) == Wake::timed_out) break;
  if (running() > 0) log_.warn("jobs left running at the end", {{"jobs", running()}});
  co_return running();
}

// Fills the free places. Gives when to look again.
Task<SteadyTime> JobRunner::lease_what_is_due() {
  while (!stopping_ && running() < options_.running_max) {
    auto leased = co_await store_.lease(options_.runner, clock_.wall_now(), lease_end());
    if (!leased) co_return after_store_failed(leased.error());
    store_failures_ = 0;
    if (!*leased) co_return co_await when_to_look();
    if (stopping_) {
      co_await give_back(std::move(**leased));
      break;
    }
    auto place = std::make_shared<Place>(places_);
    group_.spawn(run_job(std::move(**leased), std::move(place)));
  }
  co_return clock_.steady_now() + options_.look_every;
}

Task<SteadyTime> JobRunner::when_to_look() {
  const auto latest = clock_.steady_now() + options_.look_every;
  auto due = co_await store_.next_due();
  if (!due) co_return after_store_failed(due.error());
  if (!*due) co_return latest;
  const auto wait = std::max(**due - clock_.wall_now(), Duration(0));
  co_return std::min(latest, clock_.steady_now() + wait);
}

SteadyTime JobRunner::after_store_failed(const Error& error) {
  if (++store_failures_ == 1)
    log_.warn("jobs cannot be read, looking again", {{"error", error.message}});
  return clock_.steady_now() + options_.store_away.delay(store_failures_, random_);
}

// Leased while the stop was called.
Task<void> JobRunner::give_back(Job job) {
  auto returned =
      co_await store_.retry(job.id, options_.runner, job.due, job.last_error, std::string());
  if (!returned)
    log_.warn("job could not be given back, its lease runs out",
              {{"job", job.id.text}, {"error", returned.error().message}});
}

Task<void> JobRunner::run_job(Job job, std::shared_ptr<Place> place) {
  auto lease = std::make_shared<Lease>(clock_);
  group_.spawn(keep_lease(job.id, lease));
  auto outcome = co_await outcome_of(job);
  if (!lease->lost) co_await store_outcome(job, std::move(outcome), lease);
  lease->over = true;
  lease->changed->notify();
  place.reset();
}

Task<JobOutcome> JobRunner::outcome_of(Job job) {
  const auto handler = handlers_.find(job.kind);
  if (handler == handlers_.end()) {
    log_.warn("job of a kind that this version does not know",
              {{"job", job.id.text}, {"kind", job.kind}});
    co_return JobRetry{.at = clock_.wall_now() + options_.unknown_kind_delay,
                       .error = "no handler for this kind of job",
                       .payload = {}};
  }
  std::string what;
  try {
    co_return co_await handler->second(job);
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
    what = "unknown exception";
  }
  co_return after_exception(job, what);
}

JobOutcome JobRunner::after_exception(const Job& job, const std::string& what) {
  exceptions_.add();
  log_.error("job handler threw", {{"job", job.id.text}, {"kind", job.kind}, {"what", what}});
  auto error = fmt::format("a fault of Earshot's own: {}", what);
  const auto at = clock_.wall_now() + options_.after_exception.delay(job.attempts + 1, random_);
  if (job.deadline && at > *job.deadline) return JobGivenUp{.error = std::move(error)};
  return JobRetry{.at = at, .error = std::move(error), .payload = {}};
}

// Extends the lease until the job is over, or somebody else has it.
Task<void> JobRunner::keep_lease(JobId id, std::shared_ptr<Lease> lease) {
  while (!lease->over) {
    if (co_await lease->changed->wait_until(clock_.steady_now() + options_.extend_every) ==
        Wake::notified)
      continue;
    auto extended = co_await store_.extend(id, options_.runner, lease_end());
    // While the database is away nobody else can take the job either.
    if (extended || extended.error().kind != ErrorKind::conflict) continue;
    if (!lease->over) lose(id, *lease);
    co_return;
  }
}

void JobRunner::lose(const JobId& id, Lease& lease) {
  lease.lost = true;
  leases_lost_.add();
  log_.warn("job was taken over by another runner while it ran here", {{"job", id.text}});
}

// Until it is stored, the lease is lost, or the runner is told to stop: then the job is run again
// elsewhere.
Task<void> JobRunner::store_outcome(Job job, JobOutcome outcome, std::shared_ptr<Lease> lease) {
  for (int failures = 1; !lease->lost; ++failures) {
    auto stored = co_await store_once(job, outcome);
    if (stored) {
      count(job.kind, outcome);
      co_return;
    }
    if (stored.error().kind == ErrorKind::conflict) {
      if (!lease->lost) lose(job.id, *lease);
      co_return;
    }
    log_.warn("outcome of a job not stored, trying again",
              {{"job", job.id.text}, {"error", stored.error().message}});
    if (stopping_) co_return;
    co_await clock_.sleep_for(options_.store_away.delay(failures, random_));
  }
}

Task<Result<void>> JobRunner::store_once(Job job, JobOutcome outcome) {
  if (auto* retry = std::get_if<JobRetry>(&outcome))
    co_return co_await store_.retry(job.id, options_.runner, retry->at, retry->error,
                                    retry->payload);
  if (auto* given_up = std::get_if<JobGivenUp>(&outcome))
    co_return co_await store_.give_up(job.id, options_.runner, given_up->error);
  co_return co_await store_.complete(job.id, options_.runner);
}

void JobRunner::count(const std::string& kind, const JobOutcome& outcome) {
  constexpr const char* words[] = {"done", "retried", "given_up"};
  counters_
      .counter("earshot_jobs_total", "attempts at jobs that ended",
               {{"kind", handlers_.contains(kind) ? kind : "unknown"},
                {"outcome", words[outcome.index()]}})
      .add();
  if (const auto* given_up = std::get_if<JobGivenUp>(&outcome))
    log_.warn("job given up", {{"kind", kind}, {"reason", given_up->error}});
}

}  // namespace earshot::jobs
