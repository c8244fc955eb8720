#include "bridge/detail/remote_caller.hpp"

#include "bridge/testing/call_fakes.hpp"

#include <doctest/doctest.h>
#include <vector>

namespace earshot::bridge {
namespace {

// A thread that is held up: what is posted to it waits.
class HeldExecutor : public Executor {
 public:
  void post(std::move_only_function<void()> work) override { held.push_back(std::move(work)); }
  void spawn(Task<void>, std::move_only_function<void(std::exception_ptr)>) override {
    FAIL("nothing is spawned here");
  }
  bool runs_here() const override { return true; }
  void run_held() {
    for (auto& work : std::exchange(held, {})) work();
  }
  std::vector<std::move_only_function<void()>> held;
};

}  // namespace

TEST_CASE("frames for a thread that is held up are bounded and counted") {
  net::TestRuntime runtime;
  HeldExecutor home;
  Counters counters;
  auto& dropped = counters.counter("dropped", "");
  testing::Phone phone(runtime.clock());
  auto caller = make_remote_caller(std::make_unique<testing::PhoneSocket>(phone),
                                   runtime.executor(), home, runtime.clock(), dropped);
  for (std::size_t i = 0; i < handover_messages_max + 30; ++i)
    phone.speak(testing::pcm(20ms, 24000));
  runtime.run_ready();
  CHECK(home.held.size() == handover_messages_max);
  CHECK(dropped.value() == 30);

  home.run_held();
  for (std::size_t i = 0; i < handover_messages_max; ++i) CHECK(runtime.run_for(caller->next()));
  phone.speak(testing::pcm(20ms, 24000));
  runtime.run_ready();
  CHECK(home.held.size() == 1);
  home.run_held();
  CHECK(runtime.run_for(caller->next()));
  phone.messages.close();
  runtime.run_ready();
  home.run_held();
  caller.reset();
  runtime.run_ready();
}

}  // namespace earshot::bridge
