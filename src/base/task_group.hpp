#pragma once
// The owner of started tasks: it waits for them. Not detached, never. A task that throws is logged
// as an error, which the log counts, and ends alone. All members are called on the executor's
// thread.

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"

#include <memory>
#include <string>

namespace earshot {

class TaskGroup {
 public:
  // Executor, clock and log outlive this. `name` says in the log whose tasks these are.
  TaskGroup(Executor& executor, Clock& clock, Log& log, std::string name);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(Task<void> task);
  // Returns when no task is left. Tasks started meanwhile are waited for too.
  Task<void> join();
  std::size_t size() const;

 private:
  struct State;
  Executor& executor_;
  std::shared_ptr<State> state_;
};

}  // namespace earshot
