#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/testing/memory_network.hpp"
#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::net;

namespace {
Task<HttpResponse> hello(HttpRequest request) {
  co_return text_response(200, "hello " + request.path + request.body);
}
Task<void> echo(HttpRequest, std::unique_ptr<WebSocket> socket) {
  while (auto m = co_await socket->receive()) {
    socket->try_send(std::string(*m));
  }
}
Task<std::string> get(HttpClient& client) {
  HttpCall call{.url = "http://example.com:8080/a?b=c"};
  auto reply = co_await client.send(std::move(call));
  co_return reply ? reply->body : reply.error().message;
}
Task<std::string> ws(Network& n, Executor& e, Clock& c) {
  WebSocketClientOptions o{.url = *parse_url("ws://example.com:8080/ws")};
  auto up = co_await connect_websocket(n, e, c, std::move(o));
  if (!up) co_return up.error().message;
  up->socket->try_send("one");
  std::string got(*co_await up->socket->receive());
  co_await up->socket->close(1000, "bye");
  co_return got;
}
}  // namespace
TEST_CASE("smoke") {
  TestRuntime rt;
  MemoryNetwork network;
  Router router;
  router.add("GET", "/a", hello);
  router.add_websocket("/ws", nullptr, echo);
  NullLog log;
  Counters counters;
  auto server =
      start_http_server(network, rt.executor(), rt.clock(), log, counters, router, {.port = 8080});
  REQUIRE(server.has_value());
  auto client = make_http_client(network, rt.executor(), rt.clock());
  CHECK(rt.run_for(get(*client)) == "hello /a");
  CHECK(rt.run_for(get(*client)) == "hello /a");
  CHECK(rt.run_for(ws(network, rt.executor(), rt.clock())) == "one");
  rt.run((*server)->stop(rt.clock().steady_now() + 10s));
}
