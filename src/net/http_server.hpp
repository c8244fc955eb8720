#pragma once
// An HTTP/1.1 server with WebSocket upgrade. One instance a worker; they share the port.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "net/network.hpp"
#include "net/router.hpp"
#include "net/tls.hpp"
#include "net/websocket.hpp"

#include <memory>
#include <string>

namespace earshot::net {

struct HttpServerOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 0;
  bool share_port = false;
  std::shared_ptr<TlsContext> tls;  // none: plain
  std::size_t header_bytes_max = 64 << 10;
  std::size_t body_bytes_max = 1 << 20;  // 413 when exceeded; a route may say less or more
  std::size_t connections_max = 10'000;  // further ones are closed at once, counted
  Duration header_timeout = 10s;
  Duration body_timeout = 30s;
  Duration idle_timeout = 75s;  // keep-alive
  WebSocketLimits websocket;
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  // Accepts no more; waits for requests in progress and for WebSocket handlers, at most until
  // `deadline`, then cuts.
  virtual Task<void> stop(SteadyTime deadline) = 0;
};

// Listens when it returns. The router outlives the server and is not changed while it serves.
Result<std::unique_ptr<HttpServer>> start_http_server(Network& network, Executor& executor,
                                                      Clock& clock, Log& log, Counters& counters,
                                                      const Router& router,
                                                      HttpServerOptions options);

}  // namespace earshot::net
