#include "net/detail/waiter.hpp"

#include "base/invariant.hpp"
#include "net/detail/asio_executor.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace earshot::net::detail {

namespace asio = boost::asio;

// The list of an event loop's waiters. Asio calls shutdown() when the loop is destroyed.
class WaiterService : public asio::execution_context::service {
 public:
  // Asio looks for this name.
  using key_type = WaiterService;  // NOLINT(readability-identifier-naming)
  static inline asio::execution_context::id id;
  explicit WaiterService(asio::execution_context& context) : service(context) {}

  void add(Waiter& waiter) {
    waiter.next_ = first_;
    waiter.previous_ = nullptr;
    if (first_ != nullptr) first_->previous_ = &waiter;
    first_ = &waiter;
  }
  void remove(Waiter& waiter) {
    if (waiter.previous_ != nullptr) waiter.previous_->next_ = waiter.next_;
    if (waiter.next_ != nullptr) waiter.next_->previous_ = waiter.previous_;
    if (first_ == &waiter) first_ = waiter.next_;
    waiter.previous_ = waiter.next_ = nullptr;
  }

 private:
  void shutdown() override {
    // Destroying one coroutine may destroy, and so remove, other waiters.
    while (first_ != nullptr) auto destroyed = first_->take();
  }
  Waiter* first_ = nullptr;
};

Waiter::~Waiter() {
  if (resume_) auto destroyed = take();
}

std::move_only_function<void()> Waiter::take() {
  service_->remove(*this);
  auto resume = std::move(resume_);
  resume_ = nullptr;
  return resume;
}

Task<void> Waiter::wait() {
  // No coroutine of its own but for the first time: this is on the path of every message.
  return context_ == nullptr ? wait_first() : suspend();
}

Task<void> Waiter::wait_first() {
  context_ = &io_context_of(co_await asio::this_coro::executor);
  service_ = &asio::use_service<WaiterService>(*context_);
  co_await suspend();
}

Task<void> Waiter::suspend() {
  CHECK_INVARIANT(!resume_, "one coroutine waits at a time");
  return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [this](auto handler) {
        resume_ = std::move(handler);
        service_->add(*this);
      },
      asio::use_awaitable);
}

void Waiter::wake() {
  if (resume_) asio::post(*context_, take());
}

void Waiter::wake_here() {
  if (!resume_) return;
  auto resume = take();
  resume();
}

}  // namespace earshot::net::detail
