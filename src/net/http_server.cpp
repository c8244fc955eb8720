#include "net/http_server.hpp"

#include "net/detail/http_session.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace earshot::net {

namespace {

using detail::HttpServerState;
using detail::HttpSession;

// After a failed accept (no descriptors left, usually), so that the loop does not spin; doubled
// with each failure in a row.
constexpr Duration accept_pause = 100ms;
constexpr Duration accept_pause_max = 2s;
constexpr Duration accept_complaint_every = 60s;
// What sessions that were cut at the end of stop() get to let go of what they hold.
constexpr Duration cut_grace = 5s;

void start_session(const std::shared_ptr<HttpServerState>& state, Accepted accepted) {
  if (state->stopping) return;
  if (state->sessions.size() >= state->options.connections_max) {
    state->metrics.connections_over_limit.add();
    return;
  }
  auto session = std::make_shared<HttpSession>(state, std::move(accepted));
  state->executor.spawn(HttpSession::run(std::move(session)), [](std::exception_ptr) {});
}

Task<void> accept_all(std::shared_ptr<HttpServerState> state, std::shared_ptr<Listener> listener) {
  Duration pause = accept_pause;
  std::optional<SteadyTime> complained;
  std::uint64_t untold = 0;
  while (!state->stopping) {
    auto accepted = co_await listener->accept();
    if (accepted) {
      pause = accept_pause;
      start_session(state, std::move(*accepted));
      continue;
    }
    if (accepted.error().code == "closed") co_return;
    state->metrics.accept_failures.add();
    ++untold;
    const auto now = state->clock.steady_now();
    if (!complained || now - *complained >= accept_complaint_every) {
      state->log.warn("http accept failed",
                      {{"reason", accepted.error().message}, {"times", std::exchange(untold, 0)}});
      complained = now;
    }
    co_await state->clock.sleep_for(pause);
    pause = std::min(pause * 2, accept_pause_max);
  }
}

class Server : public HttpServer {
 public:
  Server(std::shared_ptr<HttpServerState> state, std::shared_ptr<Listener> listener)
      : state_(std::move(state)), listener_(std::move(listener)) {}
  ~Server() override {
    state_->stopping = true;
    state_->gone = true;
    listener_->close();
    cut_all(*state_);
  }

  std::uint16_t port() const override { return listener_->port(); }
  Task<void> stop(SteadyTime deadline) override { return stop_all(state_, listener_, deadline); }

 private:
  static void cut_all(HttpServerState& state) {
    for (HttpSession* session : state.sessions) session->cut();
  }
  static Task<void> stop_all(std::shared_ptr<HttpServerState> state,
                             std::shared_ptr<Listener> listener, SteadyTime deadline) {
    state->stopping = true;
    listener->close();
    for (HttpSession* session : state->sessions)
      if (session->is_idle()) session->cut();
    if (co_await ended_by(state, deadline)) co_return;
    cut_all(*state);
    if (!co_await ended_by(state, state->clock.steady_now() + cut_grace))
      state->log.error("http sessions outlived their server",
                       {{"sessions", state->sessions.size()}});
  }
  static Task<bool> ended_by(std::shared_ptr<HttpServerState> state, SteadyTime deadline) {
    while (!state->sessions.empty())
      if (co_await state->changed->wait_until(deadline) == Wake::timed_out) break;
    const bool none_left = state->sessions.empty();
    co_return none_left;
  }

  std::shared_ptr<HttpServerState> state_;
  std::shared_ptr<Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> start_http_server(Network& network, Executor& executor,
                                                      Clock& clock, Log& log, Counters& counters,
                                                      const Router& router,
                                                      HttpServerOptions options) {
  auto listening = network.listen(options.address, options.port, options.share_port);
  if (!listening) return fail("http server", listening.error());
  std::shared_ptr<Listener> listener = std::move(*listening);
  auto state =
      std::make_shared<HttpServerState>(executor, clock, log, counters, router, std::move(options));
  executor.spawn(accept_all(state, listener), [](std::exception_ptr) {});
  return std::make_unique<Server>(std::move(state), std::move(listener));
}

}  // namespace earshot::net
