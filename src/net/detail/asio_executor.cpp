#include "net/detail/asio_executor.hpp"

#include "base/invariant.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

namespace earshot::net::detail {

namespace asio = boost::asio;

void AsioExecutor::post(std::move_only_function<void()> work) {
  asio::post(context_, std::move(work));
}

void AsioExecutor::spawn(Task<void> task, std::move_only_function<void(std::exception_ptr)> done) {
  asio::post(context_, [&context = context_, task = std::move(task),
                        done = std::move(done)]() mutable {
    asio::co_spawn(context, std::move(task),
                   [done = std::move(done)](std::exception_ptr thrown) mutable { done(thrown); });
  });
}

bool AsioExecutor::runs_here() const { return context_.get_executor().running_in_this_thread(); }

asio::io_context& io_context_of(Executor& executor) {
  auto* ours = dynamic_cast<AsioExecutor*>(&executor);
  CHECK_INVARIANT(ours != nullptr, "sockets need an executor of net/runtime");
  return ours->context();
}

asio::io_context& io_context_of(const asio::any_io_executor& executor) {
  return static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
}

}  // namespace earshot::net::detail
