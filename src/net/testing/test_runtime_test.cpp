#include "net/testing/test_runtime.hpp"

#include "base/mailbox.hpp"
#include "base/task_group.hpp"

#include <doctest/doctest.h>
#include <stdexcept>
#include <vector>

using namespace earshot;
using namespace earshot::net;

namespace {

Task<void> sleep_then_note(Clock& clock, Duration time, int name, std::vector<int>& notes) {
  co_await clock.sleep_for(time);
  notes.push_back(name);
}

Task<void> wait_on(Signal& signal) { co_await signal.wait(); }

Task<Wake> wait_until(Signal& signal, SteadyTime time) {
  co_return co_await signal.wait_until(time);
}

Task<void> throw_later(Clock& clock) {
  co_await clock.sleep_for(1s);
  throw std::logic_error("as expected");
}

Task<std::optional<int>> next_within(Mailbox<int>& mailbox, SteadyTime deadline) {
  co_return co_await mailbox.next_until(deadline);
}

Task<void> push_after(Clock& clock, Duration time, Mailbox<int>& mailbox, int item) {
  co_await clock.sleep_for(time);
  mailbox.try_push(item);
}

}  // namespace

TEST_CASE("manual time moves to each sleeper in turn") {
  TestRuntime runtime;
  NullLog log;
  TaskGroup group(runtime.executor(), runtime.clock(), log, "test");
  std::vector<int> notes;
  const auto start = runtime.clock().steady_now();
  const auto wall = runtime.clock().wall_now();

  group.spawn(sleep_then_note(runtime.clock(), 3h, 3, notes));
  group.spawn(sleep_then_note(runtime.clock(), 1s, 1, notes));
  group.spawn(sleep_then_note(runtime.clock(), 2min, 2, notes));
  runtime.run(group.join());

  CHECK(notes == std::vector{1, 2, 3});
  CHECK(runtime.clock().steady_now() - start == 3h);
  CHECK(runtime.clock().wall_now() - wall == 3h);
}

TEST_CASE("the clock starts at a known time, and a step of the wall clock wakes nobody") {
  TestRuntime runtime;
  CHECK(to_iso8601(runtime.clock().wall_now()) == "2026-03-02T09:15:00.000000Z");
  const auto steady = runtime.clock().steady_now();

  runtime.clock().set_wall(runtime.clock().wall_now() + 1h);

  CHECK(runtime.clock().steady_now() == steady);
}

TEST_CASE("waiting for what never comes is a dead-lock, which throws") {
  TestRuntime runtime;
  auto signal = runtime.clock().make_signal();
  CHECK_THROWS_AS(runtime.run(wait_on(*signal)), std::runtime_error);
}

TEST_CASE("a task that outlasts its limit of manual time throws") {
  TestRuntime runtime;
  std::vector<int> notes;
  CHECK_THROWS_AS(runtime.run(sleep_then_note(runtime.clock(), 2h, 1, notes), 1h),
                  std::runtime_error);
}

TEST_CASE("what a task throws comes out of run") {
  TestRuntime runtime;
  CHECK_THROWS_AS(runtime.run(throw_later(runtime.clock())), std::logic_error);
}

TEST_CASE("advance runs what falls due within it and no more") {
  TestRuntime runtime;
  NullLog log;
  TaskGroup group(runtime.executor(), runtime.clock(), log, "test");
  std::vector<int> notes;
  group.spawn(sleep_then_note(runtime.clock(), 10s, 1, notes));
  group.spawn(sleep_then_note(runtime.clock(), 20s, 2, notes));

  runtime.advance(15s);
  CHECK(notes == std::vector{1});
  CHECK(group.size() == 1);

  runtime.run(group.join());
  CHECK(notes == std::vector{1, 2});
}

TEST_CASE("a notification that comes before the wait is not lost, and two are one") {
  TestRuntime runtime;
  auto signal = runtime.clock().make_signal();
  signal->notify();
  signal->notify();
  const auto soon = runtime.clock().steady_now() + 1s;

  CHECK(runtime.run_for(wait_until(*signal, soon)) == Wake::notified);
  CHECK(runtime.run_for(wait_until(*signal, soon)) == Wake::timed_out);
}

TEST_CASE("a mailbox gives an item or the end of its time") {
  TestRuntime runtime;
  NullLog log;
  TaskGroup group(runtime.executor(), runtime.clock(), log, "test");
  Mailbox<int> mailbox(runtime.clock(), 4);
  const auto start = runtime.clock().steady_now();
  group.spawn(push_after(runtime.clock(), 5s, mailbox, 7));

  CHECK_FALSE(runtime.run_for(next_within(mailbox, start + 2s)).has_value());
  CHECK(runtime.run_for(next_within(mailbox, start + 20s)) == 7);
  CHECK(runtime.clock().steady_now() == start + 5s);
}

TEST_CASE("a runtime that goes away takes waiting coroutines with it") {
  auto runtime = std::make_unique<TestRuntime>();
  auto kept = std::make_shared<int>(1);
  std::weak_ptr<int> watch = kept;
  auto signal = std::shared_ptr<Signal>(runtime->clock().make_signal());
  constexpr auto hold = [](std::shared_ptr<int>, std::shared_ptr<Signal> never) -> Task<void> {
    co_await never->wait();
  };
  runtime->executor().spawn(hold(std::move(kept), signal), [](std::exception_ptr) {});
  runtime->run_ready();
  REQUIRE_FALSE(watch.expired());

  runtime.reset();

  CHECK(watch.expired());
}
