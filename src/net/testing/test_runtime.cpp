#include "net/testing/test_runtime.hpp"

#include "net/detail/asio_executor.hpp"

#include <stdexcept>

namespace earshot::net {

namespace {

// A scenario that needs more turns than this without time moving is going round in circles.
constexpr std::size_t turns_max = 50'000'000;

}  // namespace

struct TestRuntime::State {
  ManualClock clock;
  boost::asio::io_context context{1};
  detail::AsioExecutor executor{context};

  // The event loop looks at sockets once a poll, so one empty poll may only mean "not looked yet".
  void run_ready() {
    std::size_t turns = 0;
    for (int empty = 0; empty < 2;) {
      context.restart();
      const std::size_t ran = context.poll();
      empty = ran == 0 ? empty + 1 : 0;
      turns += ran;
      if (turns > turns_max) throw std::runtime_error("the event loop never came to rest");
    }
  }
  void move_to(SteadyTime time) {
    const auto by = std::chrono::ceil<Duration>(time - clock.steady_now());
    clock.advance(std::max(by, Duration(0)));
  }
};

TestRuntime::TestRuntime() : state_(std::make_unique<State>()) {}

TestRuntime::~TestRuntime() = default;

Executor& TestRuntime::executor() { return state_->executor; }

ManualClock& TestRuntime::clock() { return state_->clock; }

void TestRuntime::run(Task<void> task, Duration limit) {
  struct Outcome {
    bool done = false;
    std::exception_ptr thrown;
  };
  auto outcome = std::make_shared<Outcome>();
  state_->executor.spawn(std::move(task), [outcome](std::exception_ptr thrown) {
    outcome->done = true;
    outcome->thrown = std::move(thrown);
  });
  const SteadyTime end = clock().steady_now() + limit;
  state_->run_ready();
  while (!outcome->done) {
    const auto next = clock().next_wake();
    if (!next) throw std::runtime_error("dead-lock: nothing can run and nobody waits for a time");
    if (*next > end) throw std::runtime_error("the task took longer than its limit of manual time");
    state_->move_to(*next);
    state_->run_ready();
  }
  if (outcome->thrown) std::rethrow_exception(outcome->thrown);
}

void TestRuntime::run_ready() { state_->run_ready(); }

void TestRuntime::advance(Duration by) {
  const SteadyTime end = clock().steady_now() + by;
  state_->run_ready();
  for (auto next = clock().next_wake(); next && *next <= end; next = clock().next_wake()) {
    state_->move_to(*next);
    state_->run_ready();
  }
  state_->move_to(end);
  state_->run_ready();
}

}  // namespace earshot::net
