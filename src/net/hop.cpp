#include "net/hop.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace earshot::net {
namespace asio = boost::asio;
namespace {

// Reads on the executor that the body belongs to.
class HoppingBody : public BodyReader {
 public:
  HoppingBody(Executor& where, std::unique_ptr<BodyReader> inner)
      : where_(where), inner_(std::move(inner)) {}
  Task<Result<std::string>> next() override { return run_on_for(where_, inner_->next()); }

 private:
  Executor& where_;
  std::unique_ptr<BodyReader> inner_;
};

Task<HttpResponse> handle_on(Executor* where, const HttpHandler* handler, HttpRequest request) {
  if (where->runs_here()) co_return co_await (*handler)(std::move(request));
  HttpResponse response = co_await run_on_for(*where, (*handler)(std::move(request)));
  if (response.stream)
    response.stream = std::make_unique<HoppingBody>(*where, std::move(response.stream));
  co_return response;
}

Task<void> spawn_and_wait(Executor* where, Task<void> task) {
  const auto here = co_await asio::this_coro::executor;
  auto initiate = [where, &task, here](auto handler) {
    // Shared, since a std::move_only_function's target may be moved between threads but the handler
    // only runs here.
    auto resume = std::make_shared<decltype(handler)>(std::move(handler));
    where->spawn(std::move(task), [resume, here](std::exception_ptr thrown) {
      asio::post(here, [resume, thrown] { (*resume)(thrown); });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
      std::move(initiate), asio::use_awaitable);
}

}  // namespace

Task<void> run_on(Executor& where, Task<void> task) {
  return spawn_and_wait(&where, std::move(task));
}

HttpHandler on_executor(Executor& where, HttpHandler handler) {
  auto kept = std::make_shared<const HttpHandler>(std::move(handler));
  return [&where, kept](HttpRequest request) {
    return handle_on(&where, kept.get(), std::move(request));
  };
}

}  // namespace earshot::net
