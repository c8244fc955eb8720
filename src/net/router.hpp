#pragma once
// Which handler a request goes to. Patterns: "/api/callbacks/{contextId}"; a last segment "{rest*}"
// takes what is left. A known path with another method gets 405 with Allow; HEAD is answered by the
// GET handler without its body.

#include "net/http_message.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace earshot::net {

class WebSocket;

using HttpHandler = std::function<Task<HttpResponse>(HttpRequest)>;
// Decides on an upgrade before the handshake: nullopt accepts, a response refuses.
using WebSocketGate = std::function<Task<std::optional<HttpResponse>>(const HttpRequest&)>;
// Owns the socket from the handshake on; the connection ends when the task does.
using WebSocketHandler = std::function<Task<void>(HttpRequest, std::unique_ptr<WebSocket>)>;

struct RouteOptions {
  std::size_t body_bytes_max = 0;  // 0: the server's
};

class Router {
 public:
  void add(std::string method, std::string pattern, HttpHandler handler, RouteOptions options = {});
  // `subprotocol` is agreed to when the client offers it (Sec-WebSocket-Protocol); other offers are
  // passed over.
  void add_websocket(std::string pattern, WebSocketGate gate, WebSocketHandler handler,
                     std::string subprotocol = {});
  // Everything without a route (static files); without one, 404.
  void set_fallback(HttpHandler handler);

  struct Match {
    const HttpHandler* handler = nullptr;
    const WebSocketGate* gate = nullptr;
    const WebSocketHandler* websocket = nullptr;
    std::size_t body_bytes_max = 0;
    std::string subprotocol;
    std::vector<std::pair<std::string, std::string>> parameters;
    // Filled when the path is known under other methods only.
    std::string allowed_methods;
  };
  // `path` is as received, percent-encoded: it is cut at slashes first and decoded afterwards, so
  // that %2F never separates (a parameter may hold a slash). "." and ".." between slashes of either
  // kind, a NUL and broken encoding match nothing, not even the fallback. With `wants_upgrade`
  // WebSocket routes go before all others.
  Match match(std::string_view method, std::string_view path, bool wants_upgrade) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    HttpHandler handler;
    WebSocketGate gate;
    WebSocketHandler websocket;
    RouteOptions options;
    std::string subprotocol;
  };
  bool find_route(std::string_view method, const std::vector<std::string>& segments, bool websocket,
                  Match& match) const;
  std::vector<Route> routes_;
  HttpHandler fallback_;
};

}  // namespace earshot::net
