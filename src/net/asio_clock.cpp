#include "net/detail/asio_executor.hpp"
#include "net/detail/waiter.hpp"
#include "net/runtime.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <optional>

namespace earshot::net {

namespace asio = boost::asio;

namespace {

SteadyTime steady_now_of_process() {
  return SteadyTime(std::chrono::steady_clock::now().time_since_epoch());
}

asio::steady_timer::time_point to_asio(SteadyTime time) {
  return asio::steady_timer::time_point(time.time_since_epoch());
}

// The timer is armed for the earliest deadline that was asked for and looks again when it fires: a
// waiter that is notified long before its deadline, which is the usual case, costs no timer
// operation at all.
class AsioSignal : public Signal {
 public:
  AsioSignal() : state_(std::make_shared<State>()) {}
  ~AsioSignal() override {
    if (state_->timer) state_->timer->cancel();
  }
  void notify() override {
    state_->notified = true;
    state_->waiter.wake();
  }
  Task<Wake> wait_until(SteadyTime deadline) override { return wait_on(state_, deadline); }
  Task<void> wait() override { return wait_forever(state_); }

 private:
  struct State {
    detail::Waiter waiter;
    std::optional<asio::steady_timer> timer;
    SteadyTime armed_for = SteadyTime::max();
    std::optional<SteadyTime> deadline;  // while somebody waits for one
    bool notified = false;
  };

  static void arm(const std::shared_ptr<State>& state, SteadyTime time) {
    state->armed_for = time;
    state->timer->expires_at(to_asio(time));
    // Weak, so that a timer never keeps alive what nobody waits for.
    state->timer->async_wait([weak = std::weak_ptr(state)](boost::system::error_code error) {
      auto locked = weak.lock();
      if (error || !locked) return;
      locked->armed_for = SteadyTime::max();
      if (!locked->deadline) return;
      if (*locked->deadline <= steady_now_of_process())
        locked->waiter.wake_here();
      else
        arm(locked, *locked->deadline);
    });
  }

  static Task<Wake> wait_on(std::shared_ptr<State> state, SteadyTime deadline) {
    if (!state->notified) {
      if (deadline <= steady_now_of_process()) co_return Wake::timed_out;
      if (!state->timer)
        state->timer.emplace(detail::io_context_of(co_await asio::this_coro::executor));
      state->deadline = deadline;
      if (deadline < state->armed_for) arm(state, deadline);
      co_await state->waiter.wait();
      state->deadline.reset();
    }
    co_return std::exchange(state->notified, false) ? Wake::notified : Wake::timed_out;
  }
  static Task<void> wait_forever(std::shared_ptr<State> state) {
    if (!state->notified) co_await state->waiter.wait();
    state->notified = false;
  }

  std::shared_ptr<State> state_;
};

class AsioClock : public Clock {
 public:
  WallTime wall_now() const override {
    return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
  }
  SteadyTime steady_now() const override { return steady_now_of_process(); }
  Task<void> sleep_until(SteadyTime time) override {
    asio::steady_timer timer(detail::io_context_of(co_await asio::this_coro::executor));
    timer.expires_at(to_asio(time));
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  std::unique_ptr<Signal> make_signal() override { return std::make_unique<AsioSignal>(); }
};

}  // namespace

std::unique_ptr<Clock> make_asio_clock() { return std::make_unique<AsioClock>(); }

}  // namespace earshot::net
