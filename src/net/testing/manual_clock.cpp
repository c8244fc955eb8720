#include "net/testing/manual_clock.hpp"

#include "net/detail/waiter.hpp"

#include <map>

namespace earshot::net {

namespace {

// 2026-03-02T09:15:00Z
constexpr WallTime first_wall{std::chrono::seconds(1'772'442'900)};
constexpr SteadyTime first_steady{1h};

struct Sleeper {
  detail::Waiter waiter;
  bool notified = false;
  bool timed_out = false;  // and so no more in the list
};

using Sleepers = std::multimap<SteadyTime, Sleeper*>;

}  // namespace

struct ManualClock::State {
  WallTime wall = first_wall;
  SteadyTime steady = first_steady;
  Sleepers sleepers;

  void wake_due() {
    while (!sleepers.empty() && sleepers.begin()->first <= steady) {
      Sleeper* due = sleepers.begin()->second;
      sleepers.erase(sleepers.begin());
      due->timed_out = true;
      due->waiter.wake();
    }
  }

  // Keeps a sleeper in the list for as long as its coroutine waits, or lives.
  class Entry {
   public:
    Entry(State& state, SteadyTime time, Sleeper& sleeper)
        : state_(state), sleeper_(sleeper), place_(state.sleepers.emplace(time, &sleeper)) {
      sleeper_.timed_out = false;
    }
    ~Entry() {
      if (!sleeper_.timed_out) state_.sleepers.erase(place_);
    }
    Entry(const Entry&) = delete;

   private:
    State& state_;
    Sleeper& sleeper_;
    Sleepers::iterator place_;
  };
};

namespace {

template <class State>
class ManualSignal : public Signal {
 public:
  explicit ManualSignal(std::shared_ptr<State> clock)
      : clock_(std::move(clock)), sleeper_(std::make_shared<Sleeper>()) {}

  void notify() override {
    sleeper_->notified = true;
    sleeper_->waiter.wake();
  }
  Task<Wake> wait_until(SteadyTime deadline) override {
    return wait_on(clock_, sleeper_, deadline);
  }
  Task<void> wait() override { return wait_forever(sleeper_); }

 private:
  static Task<Wake> wait_on(std::shared_ptr<State> clock, std::shared_ptr<Sleeper> sleeper,
                            SteadyTime deadline) {
    if (!sleeper->notified) {
      if (deadline <= clock->steady) co_return Wake::timed_out;
      typename State::Entry entry(*clock, deadline, *sleeper);
      co_await sleeper->waiter.wait();
    }
    co_return std::exchange(sleeper->notified, false) ? Wake::notified : Wake::timed_out;
  }
  static Task<void> wait_forever(std::shared_ptr<Sleeper> sleeper) {
    if (!sleeper->notified) co_await sleeper->waiter.wait();
    sleeper->notified = false;
  }

  std::shared_ptr<State> clock_;
  std::shared_ptr<Sleeper> sleeper_;
};

template <class State>
Task<void> sleep_on(std::shared_ptr<State> state, SteadyTime time) {
  if (time <= state->steady) co_return;
  Sleeper sleeper;
  typename State::Entry entry(*state, time, sleeper);
  co_await sleeper.waiter.wait();
}

}  // namespace

ManualClock::ManualClock() : state_(std::make_shared<State>()) {}

ManualClock::~ManualClock() = default;

WallTime ManualClock::wall_now() const { return state_->wall; }

SteadyTime ManualClock::steady_now() const { return state_->steady; }

Task<void> ManualClock::sleep_until(SteadyTime time) { return sleep_on(state_, time); }

std::unique_ptr<Signal> ManualClock::make_signal() {
  return std::make_unique<ManualSignal<State>>(state_);
}

void ManualClock::advance(Duration by) {
  state_->wall += by;
  state_->steady += by;
  state_->wake_due();
}

void ManualClock::set_wall(WallTime time) { state_->wall = time; }

std::optional<SteadyTime> ManualClock::next_wake() const {
  if (state_->sleepers.empty()) return std::nullopt;
  return state_->sleepers.begin()->first;
}

}  // namespace earshot::net
