#include "base/task_group.hpp"

#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>
#include <stdexcept>

using namespace earshot;

namespace {

Task<void> count_after(Clock& clock, Duration delay, int& count) {
  co_await clock.sleep_for(delay);
  ++count;
}

Task<void> throw_after(Clock& clock, Duration delay) {
  co_await clock.sleep_for(delay);
  throw std::runtime_error("disk gone");
}

Task<void> spawn_after(Clock& clock, Duration delay, TaskGroup& group, int& count) {
  co_await clock.sleep_for(delay);
  group.spawn(count_after(clock, delay, count));
}

}  // namespace

TEST_CASE("a group waits for all its tasks") {
  net::TestRuntime runtime;
  MemoryLog log;
  TaskGroup group(runtime.executor(), runtime.clock(), log, "calls");
  int count = 0;
  group.spawn(count_after(runtime.clock(), 1s, count));
  group.spawn(count_after(runtime.clock(), 5s, count));
  CHECK(group.size() == 2);

  runtime.run(group.join());

  CHECK(count == 2);
  CHECK(group.size() == 0);
}

TEST_CASE("a group waits for tasks that its tasks started") {
  net::TestRuntime runtime;
  MemoryLog log;
  TaskGroup group(runtime.executor(), runtime.clock(), log, "calls");
  int count = 0;
  group.spawn(spawn_after(runtime.clock(), 1s, group, count));

  runtime.run(group.join());

  CHECK(count == 1);
}

TEST_CASE("a task that throws is logged and ends alone") {
  net::TestRuntime runtime;
  MemoryLog log;
  TaskGroup group(runtime.executor(), runtime.clock(), log, "calls");
  int count = 0;
  group.spawn(throw_after(runtime.clock(), 1s));
  group.spawn(count_after(runtime.clock(), 2s, count));

  runtime.run(group.join());

  CHECK(count == 1);
  CHECK(log.contains("error task failed group=calls what=\"disk gone\""));
}

TEST_CASE("an empty group is joined at once") {
  net::TestRuntime runtime;
  MemoryLog log;
  TaskGroup group(runtime.executor(), runtime.clock(), log, "calls");
  const SteadyTime start = runtime.clock().steady_now();

  runtime.run(group.join());

  CHECK(runtime.clock().steady_now() == start);
}

TEST_CASE("a group that ends before its tasks says so in the log") {
  net::TestRuntime runtime;
  MemoryLog log;
  int count = 0;
  {
    TaskGroup group(runtime.executor(), runtime.clock(), log, "calls");
    group.spawn(count_after(runtime.clock(), 1s, count));
    runtime.run_ready();
  }
  CHECK(log.contains("task group destroyed with tasks running"));

  runtime.advance(2s);
  CHECK(count == 1);
}
