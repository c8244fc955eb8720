#include "net/detail/deadline.hpp"

#include <optional>

namespace earshot::net::detail {

struct Deadline::State {
  Clock& clock;
  std::move_only_function<void()> on_expiry;
  std::unique_ptr<Signal> changed;
  std::optional<SteadyTime> due;
  // What the watching coroutine sleeps towards; max() while it waits for a first time.
  SteadyTime sleeping_until = SteadyTime::max();
  bool started = false;
  bool stopped = false;
};

Deadline::Deadline(Executor& executor, Clock& clock, std::move_only_function<void()> on_expiry)
    : executor_(executor),
      state_(std::make_shared<State>(clock, std::move(on_expiry), clock.make_signal())) {}

Deadline::~Deadline() {
  state_->stopped = true;
  state_->changed->notify();
}

void Deadline::set(SteadyTime time) {
  state_->due = time;
  if (!state_->started) {
    state_->started = true;
    executor_.spawn(watch(state_), [](std::exception_ptr) {});
  } else if (time < state_->sleeping_until) {
    state_->changed->notify();
  }
}

void Deadline::clear() { state_->due.reset(); }

Task<void> Deadline::watch(std::shared_ptr<State> state) {
  while (!state->stopped) {
    if (state->due && *state->due <= state->clock.steady_now()) {
      state->due.reset();
      state->on_expiry();
      continue;
    }
    if (state->due) {
      state->sleeping_until = *state->due;
      co_await state->changed->wait_until(*state->due);
    } else {
      state->sleeping_until = SteadyTime::max();
      co_await state->changed->wait();
    }
  }
}

}  // namespace earshot::net::detail
