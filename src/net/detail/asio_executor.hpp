#pragma once
// An Executor over one io_context. Everything in net that needs the event loop behind an Executor&,
// or behind the coroutine that is running, gets it here.

#include "base/executor.hpp"

#include <boost/asio/io_context.hpp>

namespace earshot::net::detail {

class AsioExecutor : public Executor {
 public:
  // `context` outlives this.
  explicit AsioExecutor(boost::asio::io_context& context) : context_(context) {}
  void post(std::move_only_function<void()> work) override;
  // The task starts from the event loop, never inside this call, so that the order does not depend
  // on the thread.
  void spawn(Task<void> task, std::move_only_function<void(std::exception_ptr)> done) override;
  bool runs_here() const override;
  boost::asio::io_context& context() { return context_; }

 private:
  boost::asio::io_context& context_;
};

// `executor` is one of ours; anything else is a bug.
boost::asio::io_context& io_context_of(Executor& executor);
// What `co_await asio::this_coro::executor` gave.
boost::asio::io_context& io_context_of(const boost::asio::any_io_executor& executor);

}  // namespace earshot::net::detail
