#pragma once
// A thread's run queue, without Asio in the signature. Implementation: net/runtime.

#include "base/task.hpp"

#include <exception>
#include <functional>

namespace earshot {

class Executor {
 public:
  virtual ~Executor() = default;
  // Thread-safe. Runs `work` later on this executor's thread.
  virtual void post(std::move_only_function<void()> work) = 0;
  // Thread-safe. Starts `task` on this executor; `done` runs there when it ends, with what it threw
  // or nullptr. Use a TaskGroup (base/task_group.hpp) rather than this: every task has an owner
  // that waits for it.
  virtual void spawn(Task<void> task, std::move_only_function<void(std::exception_ptr)> done) = 0;
  // Is the caller on this executor's thread?
  virtual bool runs_here() const = 0;
};

// Runs a blocking function (database, disk, codec) on a thread of its own and resumes the awaiting
// coroutine where it was. Implementations: net/thread_offload (threads), InlineOffload below (at
// once; for tests).
class Offload {
 public:
  virtual ~Offload() = default;
  virtual Task<void> run(std::move_only_function<void()> work) = 0;
};

class InlineOffload : public Offload {
 public:
  Task<void> run(std::move_only_function<void()> work) override {
    work();
    co_return;
  }
};

}  // namespace earshot
