#pragma once
// One thread, one manual clock: the whole of a scenario in one event loop. Time moves only when
// nothing else can run.

#include "base/executor.hpp"
#include "net/testing/manual_clock.hpp"

#include <functional>
#include <memory>

namespace earshot::net {

class TestRuntime {
 public:
  TestRuntime();
  ~TestRuntime();
  Executor& executor();
  ManualClock& clock();

  // Runs `task` to its end, moving the clock whenever nothing else can run. Throws what the task
  // threw; throws std::runtime_error when nothing can run and nobody waits for a time (a
  // dead-lock), or when `limit` of manual time has gone by.
  void run(Task<void> task, Duration limit = 24h);
  // Runs what can run now, without moving the clock.
  void run_ready();
  // Runs everything that becomes due within `by`.
  void advance(Duration by);

  template <class T>
  T run_for(Task<T> task, Duration limit = 24h) {
    std::optional<T> result;
    run(store_result(std::move(task), result), limit);
    return std::move(*result);
  }

 private:
  template <class T>
  static Task<void> store_result(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace earshot::net
