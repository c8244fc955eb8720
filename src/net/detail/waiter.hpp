#pragma once
// The place where one coroutine waits until other code of the same thread wakes it. The event loop
// knows every waiter, so that a loop that is destroyed also destroys the coroutines that still wait
// (they would otherwise keep themselves alive through what they own).

#include "base/task.hpp"

#include <functional>

namespace boost::asio {
class io_context;
}

namespace earshot::net::detail {

class WaiterService;

class Waiter {
 public:
  Waiter() = default;
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // One coroutine at a time. The caller keeps this alive until it is woken.
  Task<void> wait();
  bool waiting() const { return static_cast<bool>(resume_); }
  // Resumes the waiter from the event loop. Nothing happens without one.
  void wake();
  // Resumes the waiter inside this call: only from the top of an event handler, where nothing else
  // is half done.
  void wake_here();

 private:
  friend class WaiterService;
  Task<void> wait_first();
  Task<void> suspend();
  std::move_only_function<void()> take();

  boost::asio::io_context* context_ = nullptr;
  WaiterService* service_ = nullptr;
  std::move_only_function<void()> resume_;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
};

}  // namespace earshot::net::detail
