#include "net/detail/asio_executor.hpp"
#include "net/detail/websocket_core.hpp"
#include "net/retry_after.hpp"
#include "net/websocket.hpp"

#include <boost/beast/websocket/error.hpp>
#include <fmt/format.h>
#include <optional>

namespace earshot::net {

namespace {

namespace http = boost::beast::http;

constexpr std::size_t refusal_bytes_kept = 512;

// Network::connect cannot be cancelled: it runs on its own, and what it brings too late is closed
// again.
struct Connecting {
  explicit Connecting(Clock& clock) : done(clock.make_signal()) {}
  std::unique_ptr<Signal> done;
  std::optional<Result<SocketFd>> outcome;
};

Task<void> connect_into(std::shared_ptr<Connecting> connecting, Network& network, std::string host,
                        std::uint16_t port) {
  connecting->outcome.emplace(co_await network.connect(std::move(host), port));
  connecting->done->notify();
}

Task<Result<SocketFd>> connect_until(Network& network, Executor& executor, Clock& clock,
                                     std::string host, std::uint16_t port, SteadyTime deadline) {
  auto connecting = std::make_shared<Connecting>(clock);
  executor.spawn(connect_into(connecting, network, host, port),
                 [connecting](std::exception_ptr thrown) {
                   if (thrown && !connecting->outcome)
                     connecting->outcome.emplace(fail(ErrorKind::unavailable, "connect failed"));
                   connecting->done->notify();
                 });
  while (!connecting->outcome)
    if (co_await connecting->done->wait_until(deadline) == Wake::timed_out && !connecting->outcome)
      co_return fail(ErrorKind::unavailable, fmt::format("connect to {}:{} timed out", host, port));
  co_return std::move(*connecting->outcome);
}

HttpHeaders headers_of(const detail::WebSocketCore::Response& response) {
  HttpHeaders headers;
  for (const auto& field : response)
    headers.add(std::string(field.name_string().data(), field.name_string().size()),
                std::string(field.value().data(), field.value().size()));
  return headers;
}

ErrorKind kind_of_refusal(int status) {
  if (status == 401 || status == 403) return ErrorKind::refused;
  if (status == 404) return ErrorKind::not_found;
  if (status == 408 || status == 429 || status >= 500) return ErrorKind::unavailable;
  return status == 400 ? ErrorKind::invalid : ErrorKind::refused;
}

Failure refusal(const detail::WebSocketCore::Response& response, WallTime now) {
  const int status = static_cast<int>(response.result_int());
  Error error;
  error.kind = kind_of_refusal(status);
  error.status = status;
  error.message = fmt::format("upgrade refused with {}: {}", status,
                              response.body().substr(0, refusal_bytes_kept));
  if (error.kind == ErrorKind::unavailable)
    error.retry_after_ms = retry_after_of(headers_of(response), now) / 1ms;
  return Failure(std::move(error));
}

bool has_line_break(const HttpHeaders& headers) {
  for (const auto& [name, value] : headers)
    if (name.empty() || name.find_first_of(": \t\r\n") != std::string::npos ||
        value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return true;
  return false;
}

}  // namespace

Task<Result<Upgraded>> connect_websocket(Network& network, Executor& executor, Clock& clock,
                                         WebSocketClientOptions options) {
  const SteadyTime deadline = clock.steady_now() + options.limits.handshake_timeout;
  const Url& url = options.url;
  if (has_line_break(options.headers))
    co_return fail(ErrorKind::invalid, "a header's name or value is not allowed");
  if (url.is_tls() && !options.tls) co_return fail(ErrorKind::invalid, "wss needs a TLS context");

  auto socket = co_await connect_until(network, executor, clock, url.host, url.port, deadline);
  if (!socket) co_return Failure(socket.error());
  detail::Stream stream(detail::io_context_of(executor), std::move(*socket),
                        url.is_tls() ? options.tls : nullptr);
  auto core = std::make_shared<detail::WebSocketCore>(detail::WebSocketCore::Role::client,
                                                      std::move(stream), executor, clock,
                                                      options.limits, url.authority());
  auto socket_owner = detail::make_websocket(core);
  if (auto secured = co_await core->secure_as_client(url.host, deadline); !secured)
    co_return fail("connect to " + url.authority(), secured.error());
  detail::WebSocketCore::Response response;
  const auto error = co_await core->shake_hands(url.authority(), url.target,
                                                std::move(options.headers), response, deadline);
  if (error == boost::beast::websocket::error::upgrade_declined)
    co_return refusal(response, clock.wall_now());
  if (error)
    co_return fail(ErrorKind::unavailable, fmt::format("WebSocket handshake with {}: {}",
                                                       url.authority(), error.message()));
  core->start();
  Upgraded upgraded{.socket = std::move(socket_owner), .response_headers = headers_of(response)};
  co_return upgraded;
}

}  // namespace earshot::net
