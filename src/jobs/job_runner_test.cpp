#include "jobs/job_runner.hpp"

#include "net/testing/test_runtime.hpp"
#include "store/memory_store.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <vector>

namespace earshot::jobs {
namespace {

// A store whose leases and outcomes can be made to fail: a database that is away.
class FailingJobStore : public JobStore {
 public:
  explicit FailingJobStore(JobStore& inner) : inner_(inner) {}
  bool away = false;

  Task<Result<std::optional<Job>>> lease(std::string runner, WallTime now,
                                         WallTime until) override {
    if (away) co_return unavailable();
    co_return co_await inner_.lease(runner, now, until);
  }
  Task<Result<void>> extend(JobId id, std::string runner, WallTime until) override {
    if (away) co_return unavailable();
    co_return co_await inner_.extend(id, runner, until);
  }
  Task<Result<void>> complete(JobId id, std::string runner) override {
    if (away) co_return unavailable();
    co_return co_await inner_.complete(id, runner);
  }
  Task<Result<void>> retry(JobId id, std::string runner, WallTime due, std::string error,
                           std::string payload) override {
    if (away) co_return unavailable();
    co_return co_await inner_.retry(id, runner, due, error, payload);
  }
  Task<Result<void>> give_up(JobId id, std::string runner, std::string error) override {
    if (away) co_return unavailable();
    co_return co_await inner_.give_up(id, runner, error);
  }
  Task<Result<std::optional<WallTime>>> next_due() override {
    if (away) co_return unavailable();
    co_return co_await inner_.next_due();
  }
  Task<Result<std::vector<Job>>> given_up(int limit) override { return inner_.given_up(limit); }

 private:
  static Failure unavailable() { return fail(ErrorKind::unavailable, "away"); }
  JobStore& inner_;
};

struct Fixture {
  net::TestRuntime runtime;
  SeededRandom random{5};
  store::MemoryStore memory{random};
  FailingJobStore store{memory};
  MemoryLog log;
  Counters counters;
  std::vector<std::unique_ptr<JobRunner>> runners;
  std::unique_ptr<TaskGroup> group =
      std::make_unique<TaskGroup>(runtime.executor(), runtime.clock(), log, "test");

  JobRunner& make_runner(const std::string& name = "one", std::size_t running_max = 8) {
    JobRunnerOptions options{.runner = name, .running_max = running_max};
    runners.push_back(std::make_unique<JobRunner>(store, runtime.executor(), runtime.clock(),
                                                  random, log, counters, options));
    return *runners.back();
  }
  void start(JobRunner& runner) {
    group->spawn(runner.run());
    runtime.run_ready();
  }
  void add(NewJob job) {
    if (job.due == WallTime{}) job.due = runtime.clock().wall_now();
    Changes changes;
    changes.jobs.push_back(std::move(job));
    REQUIRE(runtime.run_for(memory.commit(std::move(changes))).has_value());
  }
  std::size_t stop(JobRunner& runner, Duration within = 10s) {
    return runtime.run_for(runner.stop(runtime.clock().steady_now() + within));
  }
  bool nothing_waits() {
    auto due = runtime.run_for(memory.next_due());
    return due.has_value() && !due->has_value();
  }
  std::vector<Job> given_up() { return *runtime.run_for(memory.given_up(10)); }
  ~Fixture() {
    store.away = false;
    for (auto& runner : runners) stop(*runner);
    runtime.advance(10min);
  }
};

// What a handler did, and what it is to answer.
struct Script {
  Clock& clock;
  std::vector<Job> seen;
  std::vector<JobOutcome> answers;  // the last one again and again
  Duration takes = 0s;
  int at_once = 0;
  int at_once_max = 0;

  static Task<JobOutcome> run(Script& script, Job job) {
    script.at_once_max = std::max(script.at_once_max, ++script.at_once);
    script.seen.push_back(job);
    if (script.takes > 0s) co_await script.clock.sleep_for(script.takes);
    --script.at_once;
    const auto index = std::min(script.seen.size(), script.answers.size()) - 1;
    co_return script.answers.at(index);
  }
  JobRunner::Handler handler() {
    return [this](Job job) { return run(*this, std::move(job)); };
  }
};

Task<JobOutcome> throwing(Job) {
  throw std::runtime_error("index out of range");
  co_return JobDone{};
}

}  // namespace

TEST_CASE("a due job is run once and is gone") {
  Fixture f;
  Script script{.clock = f.runtime.clock(), .answers = {JobDone{}}};
  auto& runner = f.make_runner();
  runner.handle("k", script.handler());
  f.add({.kind = "k", .subject = "s"});
  f.start(runner);
  REQUIRE(script.seen.size() == 1);
  CHECK(script.seen[0].subject == "s");
  f.runtime.advance(10min);
  CHECK(script.seen.size() == 1);
  CHECK(f.nothing_waits());
}

TEST_CASE("a job that is due later is run at its time") {
  Fixture f;
  Script script{.clock = f.runtime.clock(), .answers = {JobDone{}}};
  auto& runner = f.make_runner();
  runner.handle("k", script.handler());
  f.add({.kind = "k", .due = f.runtime.clock().wall_now() + 3s});
  f.start(runner);
  f.runtime.advance(2999ms);
  CHECK(script.seen.empty());
  f.runtime.advance(1ms);
  CHECK(script.seen.size() == 1);
}

TEST_CASE("work added by others is found by looking, at once when told") {
  Fixture f;
  Script script{.clock = f.runtime.clock(), .answers = {JobDone{}}};
  auto& runner = f.make_runner();
  runner.handle("k", script.handler());
  f.start(runner);
  f.add({.kind = "k"});
  f.runtime.run_ready();
  CHECK(script.seen.empty());
  runner.wake();
  f.runtime.run_ready();
  CHECK(script.seen.size() == 1);
  f.add({.kind = "k"});
  f.runtime.advance(10s);
  CHECK(script.seen.size() == 2);
}

TEST_CASE("a retry comes at its time with its payload, and counts its attempts") {
  Fixture f;
  auto& clock = f.runtime.clock();
  Script script{.clock = clock,
                .answers = {JobRetry{.at = clock.wall_now() + 5s, .error = "503", .payload = "{2}"},
                            JobGivenUp{.error = "gone for good"}}};
  auto& runner = f.make_runner();
  runner.handle("k", script.handler());
  f.add({.kind = "k", .payload = "{1}"});
  f.start(runner);
  f.runtime.advance(4s);
  REQUIRE(script.seen.size() == 1);
  f.runtime.advance(1s);
  REQUIRE(script.seen.size() == 2);
  CHECK(script.seen[1].payload == "{2}");
  CHECK(script.seen[1].attempts == 1);
  CHECK(script.seen[1].last_error == "503");
  REQUIRE(f.given_up().size() == 1);
  CHECK(f.given_up()[0].last_error == "gone for good");
}

TEST_CASE("a handler that throws is our fault: counted, tried again, given up at the deadline") {
  Fixture f;
  auto& runner = f.make_runner();
  runner.handle("k", throwing);
  f.add({.kind = "k", .deadline = f.runtime.clock().wall_now() + 60s});
  f.start(runner);
  auto& exceptions = f.counters.counter("earshot_job_exceptions_total",
                                        "job handlers that threw: a fault of this program");
  CHECK(exceptions.value() == 1);
  f.runtime.advance(5s);
  CHECK(exceptions.value() == 2);
  f.runtime.advance(10min);
  REQUIRE(f.given_up().size() == 1);
  CHECK(f.given_up()[0].last_error.find("index out of range") != std::string::npos);
  CHECK(f.log.contains("job handler threw"));
}

TEST_CASE("no more jobs run at once than allowed, and a place that gets free is used at once") {
  Fixture f;
  Script script{.clock = f.runtime.clock(), .answers = {JobDone{}}, .takes = 2s};
  auto& runner = f.make_runner("one", 3);
  runner.handle("k", script.handler());
  for (int i = 0; i < 9; ++i) f.add({.kind = "k"});
  f.start(runner);
  CHECK(runner.running() == 3);
  f.runtime.advance(6s);
  CHECK(script.seen.size() == 9);
  CHECK(script.at_once_max == 3);
}

TEST_CASE("a long job keeps its lease, and no second runner gets it") {
  Fixture f;
  Script script{.clock = f.runtime.clock(), .answers = {JobDone{}}, .takes = 10min};
  auto& one = f.make_runner("one");
  auto& two = f.make_runner("two");
  one.handle("k", script.handler());
  two.handle("k", script.handler());
  f.add({.kind = "k"});
  f.start(one);
  f.start(two);
  f.runtime.advance(9min);
  CHECK(script.seen.size() == 1);
  f.runtime.advance(2min);
  CHECK(script.seen.size() == 1);
  CHECK(f.nothing_waits());
  CHECK(f.given_up().empty());
}

TEST_CASE("two runners never run one job twice, whatever their number") {
  Fixture f;
  Script script{.clock = f.runtime.clock(), .answers = {JobDone{}}, .takes = 1s};
  for (int i = 0; i < 50; ++i) f.add({.kind = "k", .subject = std::to_string(i)});
  for (const auto* name : {"one", "two", "three"}) {
    auto& runner = f.make_runner(name, 2);
    runner.handle("k", script.handler());
    f.group->spawn(runner.run());
  }
  f.runtime.advance(60s);
  CHECK(script.seen.size() == 50);
  std::vector<bool> once(50);
  for (const auto& job : script.seen) once.at(std::stoul(job.subject)) = true;
  CHECK(std::ranges::count(once, true) == 50);
}

TEST_CASE("a lease that was lost is noticed, and the late outcome changes nothing") {
  Fixture f;
  Script script{.clock = f.runtime.clock(), .answers = {JobDone{}}, .takes = 5min};
  auto& runner = f.make_runner("one");
  runner.handle("k", script.handler());
  f.add({.kind = "k"});
  f.start(runner);
  // The database is away for this runner only, until its lease has run out and another has the job.
  f.store.away = true;
  f.runtime.advance(61s);
  const auto now = f.runtime.clock().wall_now();
  auto taken = f.runtime.run_for(f.memory.lease("two", now, now + 24h));
  REQUIRE(taken.has_value());
  REQUIRE(taken->has_value());
  f.store.away = false;
  f.runtime.advance(30s);
  CHECK(f.log.contains("job was taken over by another runner"));
  f.runtime.advance(10min);
  CHECK(f.runtime.run_for(f.memory.complete((*taken)->id, "two")).has_value());
}

TEST_CASE("while the database is away a finished job waits to be stored, and is not run again") {
  Fixture f;
  Script script{.clock = f.runtime.clock(), .answers = {JobDone{}}, .takes = 1s};
  auto& runner = f.make_runner();
  runner.handle("k", script.handler());
  f.add({.kind = "k"});
  f.start(runner);
  f.store.away = true;
  f.runtime.advance(40s);
  CHECK(runner.running() == 1);
  f.store.away = false;
  f.runtime.advance(2min);
  CHECK(runner.running() == 0);
  CHECK(script.seen.size() == 1);
  CHECK(f.nothing_waits());
}

TEST_CASE("a database that was away when the runner looked is asked again") {
  Fixture f;
  Script script{.clock = f.runtime.clock(), .answers = {JobDone{}}};
  auto& runner = f.make_runner();
  runner.handle("k", script.handler());
  f.add({.kind = "k"});
  f.store.away = true;
  f.start(runner);
  f.runtime.advance(5min);
  CHECK(script.seen.empty());
  f.store.away = false;
  f.runtime.advance(30s);
  CHECK(script.seen.size() == 1);
}

TEST_CASE("a kind that nobody handles is left for a version that does") {
  Fixture f;
  auto& runner = f.make_runner();
  f.add({.kind = "from the future"});
  f.start(runner);
  auto due = f.runtime.run_for(f.memory.next_due());
  REQUIRE(due->has_value());
  CHECK(**due == f.runtime.clock().wall_now() + 300s);
  CHECK(f.given_up().empty());
}

TEST_CASE("a stop takes no new job and waits for those that run") {
  Fixture f;
  Script script{.clock = f.runtime.clock(), .answers = {JobDone{}}, .takes = 8s};
  auto& runner = f.make_runner("one", 1);
  runner.handle("k", script.handler());
  f.add({.kind = "k"});
  f.add({.kind = "k"});
  f.start(runner);
  const auto before = f.runtime.clock().steady_now();
  CHECK(f.stop(runner, 60s) == 0);
  CHECK(f.runtime.clock().steady_now() - before == 8s);
  CHECK(script.seen.size() == 1);
  CHECK_FALSE(f.nothing_waits());
}

TEST_CASE("a stop does not wait beyond its deadline") {
  Fixture f;
  Script script{.clock = f.runtime.clock(), .answers = {JobDone{}}, .takes = 8s};
  auto& runner = f.make_runner();
  runner.handle("k", script.handler());
  f.add({.kind = "k"});
  f.start(runner);
  CHECK(f.stop(runner, 3s) == 1);
  CHECK(f.log.contains("jobs left running"));
  f.runtime.advance(10s);  // the handler still uses the script
}

TEST_CASE("a job that outlasts the stop may be destroyed after the runner") {
  struct Ended {
    bool& flag;
    ~Ended() { flag = true; }
    static Task<JobOutcome> long_job(Clock& clock, bool& flag) {
      const Ended ended{flag};
      co_await clock.sleep_for(1h);
      co_return JobDone{};
    }
  };
  bool destroyed = false;
  auto runtime = std::make_unique<net::TestRuntime>();
  {
    SeededRandom random{5};
    store::MemoryStore store{random};
    MemoryLog log;
    Counters counters;
    JobRunner runner(store, runtime->executor(), runtime->clock(), random, log, counters,
                     {.runner = "one"});
    runner.handle("k", [&](Job) { return Ended::long_job(runtime->clock(), destroyed); });
    Changes changes;
    changes.jobs.push_back({.kind = "k", .due = runtime->clock().wall_now()});
    REQUIRE(runtime->run_for(store.commit(std::move(changes))).has_value());
    TaskGroup group(runtime->executor(), runtime->clock(), log, "test");
    group.spawn(runner.run());
    runtime->run_ready();
    CHECK(runtime->run_for(runner.stop(runtime->clock().steady_now() + 3s)) == 1);
    CHECK(runner.running() == 1);
  }
  CHECK_FALSE(destroyed);
  runtime.reset();  // under the address sanitizer: nothing of the runner is touched
  CHECK(destroyed);
}

}  // namespace earshot::jobs
