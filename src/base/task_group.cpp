#include "base/task_group.hpp"

#include "base/invariant.hpp"

namespace earshot {

// Shared with the completion callbacks, so that a task that ends after its group (a bug, logged)
// touches no dead memory.
struct TaskGroup::State {
  State(Clock& clock, Log& log_in, std::string name_in)
      : log(log_in), name(std::move(name_in)), changed(clock.make_signal()) {}
  Log& log;
  std::string name;
  std::size_t running = 0;
  std::unique_ptr<Signal> changed;
};

TaskGroup::TaskGroup(Executor& executor, Clock& clock, Log& log, std::string name)
    : executor_(executor), state_(std::make_shared<State>(clock, log, std::move(name))) {}

TaskGroup::~TaskGroup() {
  if (state_->running > 0)
    state_->log.warn("task group destroyed with tasks running",
                     {{"group", state_->name}, {"tasks", state_->running}});
}

void TaskGroup::spawn(Task<void> task) {
  ++state_->running;
  executor_.spawn(std::move(task), [state = state_](std::exception_ptr thrown) {
    --state->running;
    state->changed->notify();
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      state->log.error("task failed", {{"group", state->name}, {"what", error.what()}});
    } catch (...) {
      state->log.error("task failed", {{"group", state->name}, {"what", "unknown exception"}});
    }
  });
}

Task<void> TaskGroup::join() {
  auto state = state_;
  while (state->running > 0) co_await state->changed->wait();
}

std::size_t TaskGroup::size() const { return state_->running; }

}  // namespace earshot
