#include "net/websocket.hpp"

#include "base/task_group.hpp"
#include "net/http_server.hpp"
#include "net/testing/memory_network.hpp"
#include "net/testing/raw_connection.hpp"
#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>
#include <functional>
#include <vector>

using namespace earshot;
using namespace earshot::net;

namespace {

constexpr std::uint16_t port = 8080;

// A server whose WebSocket the test holds in its hand.
struct World {
  explicit World(WebSocketLimits limits = {}) {
    auto gate = [this](const HttpRequest& request) { return decide(refusal, request.path); };
    router.add_websocket(
        "/ws/{id}", gate,
        [this](HttpRequest request, std::unique_ptr<WebSocket> socket) {
          return hold(*this, std::move(request), std::move(socket));
        },
        "realtime");
    server = *start_http_server(network, runtime.executor(), runtime.clock(), log, counters, router,
                                {.port = port, .websocket = limits});
  }
  // Whatever a test leaves waiting ends before what it waits on.
  ~World() {
    let_go->notify();
    runtime.run_ready();
  }

  static Task<std::optional<HttpResponse>> decide(std::function<HttpResponse()> refusal,
                                                  std::string) {
    if (refusal) co_return refusal();
    co_return std::nullopt;
  }
  static Task<void> hold(World& world, HttpRequest request, std::unique_ptr<WebSocket> socket) {
    world.seen_id = request.path_parameter("id");
    world.at_server = std::move(socket);
    co_await world.let_go->wait();
    world.at_server.reset();
  }

  Result<Upgraded> connect(WebSocketLimits limits = {}, HttpHeaders headers = {}) {
    WebSocketClientOptions options{.url = *parse_url("ws://call.example/ws/7"),
                                   .headers = std::move(headers),
                                   .limits = limits};
    options.url.port = port;
    return runtime.run_for(
        connect_websocket(network, runtime.executor(), runtime.clock(), std::move(options)));
  }
  std::unique_ptr<WebSocket> connected(WebSocketLimits limits = {}) {
    return std::move(connect(limits)->socket);
  }

  TestRuntime runtime;
  MemoryNetwork network;
  MemoryLog log;
  Counters counters;
  Router router;
  std::function<HttpResponse()> refusal;
  std::unique_ptr<Signal> let_go = runtime.clock().make_signal();
  std::string seen_id;
  std::unique_ptr<WebSocket> at_server;
  std::unique_ptr<HttpServer> server;
};

// The next message, or "END" with its code.
Task<std::string> next(WebSocket& socket) {
  const auto message = co_await socket.receive();
  if (!message) co_return "END " + std::to_string(socket.end().code);
  co_return std::string(*message);
}

Task<void> read_all(WebSocket& socket, std::vector<std::string>& out) {
  while (const auto message = co_await socket.receive()) out.emplace_back(*message);
  out.push_back("END");
}

constexpr std::string_view upgrade_request =
    "GET /ws/7 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

std::unique_ptr<RawConnection> raw_websocket(World& world) {
  constexpr auto shake = [](World& in) -> Task<std::unique_ptr<RawConnection>> {
    auto peer = co_await connect_raw(in.network, in.runtime.executor(), "a", port);
    co_await (*peer)->write(std::string(upgrade_request));
    const std::string answer = co_await (*peer)->read_until("\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 101 "));
    co_return std::move(*peer);
  };
  return world.runtime.run_for(shake(world));
}

// A client's frame, masked with zeros.
std::string frame(unsigned char first, std::string payload) {
  std::string bytes{static_cast<char>(first), static_cast<char>(0x80 | payload.size())};
  return bytes + std::string(4, '\0') + payload;
}

}  // namespace

TEST_CASE("messages pass both ways, whole and in order") {
  World world;
  auto client = world.connected();
  REQUIRE(world.at_server);
  CHECK(world.seen_id == "7");
  CHECK(world.at_server->peer().starts_with("127.0.0.1:"));

  const std::string large(500'000, 'x');
  for (const auto& message : {std::string("one"), large, std::string(), std::string("three")})
    CHECK(client->try_send(message));
  CHECK(world.runtime.run_for(next(*world.at_server)) == "one");
  CHECK(world.runtime.run_for(next(*world.at_server)) == large);
  CHECK(world.runtime.run_for(next(*world.at_server)) == "");
  CHECK(world.runtime.run_for(next(*world.at_server)) == "three");
  CHECK(client->queued_bytes() == 0);

  CHECK(world.at_server->try_send("back"));
  CHECK(world.runtime.run_for(next(*client)) == "back");
  CHECK_FALSE(client->last_was_binary());
}

TEST_CASE("fragments are joined and binary is told from text") {
  World world;
  auto peer = raw_websocket(world);
  constexpr auto talk = [](RawConnection& connection) -> Task<void> {
    co_await connection.write(frame(0x02, "ab") + frame(0x00, "c") + frame(0x80, "d"));
  };
  world.runtime.run(talk(*peer));

  CHECK(world.runtime.run_for(next(*world.at_server)) == "abcd");
  CHECK(world.at_server->last_was_binary());
}

TEST_CASE("closing says its code and reason to the peer, after what is queued") {
  World world;
  auto client = world.connected();
  std::vector<std::string> got;
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  group.spawn(read_all(*client, got));

  world.at_server->try_send("last words");
  world.runtime.run(world.at_server->close(4001, "too late"));
  world.runtime.run(group.join());

  CHECK(got == std::vector<std::string>{"last words", "END"});
  CHECK(client->end().code == 4001);
  CHECK(client->end().reason == "too late");
  CHECK(client->end().by_peer);
  CHECK_FALSE(world.at_server->end().by_peer);
  CHECK_FALSE(world.at_server->try_send("more"));
  CHECK(world.runtime.run_for(next(*world.at_server)) == "END 4001");
}

TEST_CASE("closing while another coroutine receives ends both") {
  World world;
  auto client = world.connected();
  std::vector<std::string> at_client;
  std::vector<std::string> at_server;
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  group.spawn(read_all(*client, at_client));
  group.spawn(read_all(*world.at_server, at_server));
  world.runtime.run_ready();

  world.runtime.run(client->close(1000, "done"));
  world.runtime.run(client->close(1000, "again"));
  world.runtime.run(group.join());

  CHECK(at_client == std::vector<std::string>{"END"});
  CHECK(at_server == std::vector<std::string>{"END"});
  CHECK(world.at_server->end().code == 1000);
}

TEST_CASE("a message that is still looked at stays while the answer to a close is awaited") {
  World world;
  auto peer = raw_websocket(world);
  constexpr auto talk = [](RawConnection& connection) -> Task<void> {
    co_await connection.write(frame(0x81, std::string(100, 'a')) + frame(0x81, "unread") +
                              frame(0x01, "and its "));
  };
  world.runtime.run(talk(*peer));
  constexpr auto look_and_close = [](WebSocket& socket) -> Task<void> {
    const auto message = co_await socket.receive();
    co_await socket.close(1000, "");
    CHECK(message == std::string(100, 'a'));
    CHECK_FALSE(co_await socket.receive());
  };
  constexpr auto answer = [](RawConnection& connection) -> Task<void> {
    CHECK(co_await connection.read_until("\x88\x02\x03\xE8") == "\x88\x02\x03\xE8");
    co_await connection.write(frame(0x80, "rest") + frame(0x88, std::string("\x03\xE8", 2)));
    CHECK(co_await connection.read_to_end() == "");
    connection.close();
  };
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  group.spawn(look_and_close(*world.at_server));
  group.spawn(answer(*peer));
  const auto start = world.runtime.clock().steady_now();

  world.runtime.run(group.join());

  CHECK(world.at_server->end().code == 1000);
  CHECK(world.runtime.clock().steady_now() == start);
}

TEST_CASE("a ping is answered with what it carried, before what is queued") {
  World world;
  auto peer = raw_websocket(world);
  constexpr auto talk = [](World& in, RawConnection& connection) -> Task<void> {
    co_await connection.write(frame(0x89, "are you there") + frame(0x81, "hello"));
    CHECK(co_await next(*in.at_server) == "hello");
    in.at_server->try_send("yes");
    CHECK(co_await connection.read_until("yes") ==
          "\x8A\x0D"
          "are you there\x81\x03yes");
  };
  world.runtime.run(talk(world, *peer));
}

TEST_CASE("what queues up while a piece is being written leaves with the next, in order") {
  World world;
  auto client = world.connected();
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string message = std::to_string(i) + std::string(1000, 'x');
    CHECK(client->try_send(message));
    expected += message;
  }
  std::string got;
  while (got.size() < expected.size()) got += world.runtime.run_for(next(*world.at_server));
  CHECK(got == expected);
  CHECK(client->queued_bytes() == 0);
}

TEST_CASE("closing gives up on a peer that never answers") {
  World world({.ping_every = 0s, .close_timeout = 5s});
  auto peer = raw_websocket(world);
  const auto start = world.runtime.clock().steady_now();

  world.runtime.run(world.at_server->close(1000, ""));

  CHECK(world.runtime.clock().steady_now() - start == 5s);
  CHECK(world.at_server->end().code == 1006);
}

TEST_CASE("a message beyond the limit ends the socket with 1009") {
  World world({.message_bytes_max = 1000});
  auto client = world.connected();
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  std::vector<std::string> got;
  group.spawn(read_all(*client, got));

  client->try_send(std::string(1000, 'x'));
  client->try_send(std::string(1001, 'x'));

  CHECK(world.runtime.run_for(next(*world.at_server)).size() == 1000);
  CHECK(world.runtime.run_for(next(*world.at_server)) == "END 1009");
  world.runtime.run(group.join());
  CHECK(client->end().code == 1009);
  CHECK(client->end().by_peer);
  CHECK_FALSE(world.at_server->end().by_peer);
}

TEST_CASE("fragments that add up beyond the limit end the socket too") {
  World world({.message_bytes_max = 150});
  auto peer = raw_websocket(world);
  constexpr auto talk = [](RawConnection& connection) -> Task<void> {
    co_await connection.write(frame(0x01, std::string(100, 'x')));
    co_await connection.write(frame(0x80, std::string(100, 'x')));
  };
  world.runtime.run(talk(*peer));
  CHECK(world.runtime.run_for(next(*world.at_server)) == "END 1009");
}

TEST_CASE("what breaks the protocol ends the socket with its code") {
  const auto end_after = [](std::string bytes) {
    World world;
    auto peer = raw_websocket(world);
    constexpr auto talk = [](RawConnection& connection, std::string sent) -> Task<void> {
      co_await connection.write(std::move(sent));
    };
    world.runtime.run(talk(*peer, std::move(bytes)));
    return world.runtime.run_for(next(*world.at_server));
  };
  CHECK(end_after(frame(0x83, "x")) == "END 1002");                         // reserved opcode
  CHECK(end_after(std::string("\x81\x01x", 3)) == "END 1002");              // not masked
  CHECK(end_after(frame(0x80, "x")) == "END 1002");                         // continues nothing
  CHECK(end_after(frame(0x81, "\xC3\x28")) == "END 1007");                  // not UTF-8
  CHECK(end_after(frame(0xC1, "x")) == "END 1002");                         // reserved bit
  CHECK(end_after(frame(0x88, std::string("\x0F\xA1", 2))) == "END 4001");  // a close, in order
  CHECK(end_after(frame(0x88, "")) == "END 1005");
}

TEST_CASE("a peer that answers no ping is cut after the pongs it may miss") {
  World world({.ping_every = 20s, .missed_pongs_max = 2});
  auto peer = raw_websocket(world);
  const auto start = world.runtime.clock().steady_now();

  CHECK(world.runtime.run_for(next(*world.at_server)) == "END 1006");

  CHECK(world.runtime.clock().steady_now() - start == 60s);
  CHECK(world.at_server->end().reason == "the peer answers no ping");
}

TEST_CASE("a quiet peer that answers pings stays") {
  World world({.ping_every = 20s, .missed_pongs_max = 2});
  auto client = world.connected({.ping_every = 0s});
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  std::vector<std::string> at_client;
  std::vector<std::string> at_server;
  group.spawn(read_all(*client, at_client));
  group.spawn(read_all(*world.at_server, at_server));

  world.runtime.advance(1h);

  CHECK(at_server.empty());
  client->abort();
  world.runtime.run(group.join());
  CHECK(at_server == std::vector<std::string>{"END"});
  CHECK(world.at_server->end().code == 1006);
  CHECK(world.at_server->end().by_peer);
}

TEST_CASE("slowness of ours to read is not held against the peer") {
  World world({.ping_every = 20s, .missed_pongs_max = 2});
  auto client = world.connected({.ping_every = 0s});
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  std::vector<std::string> got;
  group.spawn(read_all(*client, got));

  world.runtime.advance(10min);
  client->try_send("still here");

  CHECK(world.runtime.run_for(next(*world.at_server)) == "still here");
  client->abort();
  world.runtime.run(group.join());
}

TEST_CASE("the send queue is bounded by bytes") {
  World world;
  auto client = world.connected({.send_queue_bytes_max = 3'000'000});
  const std::string message(1'000'000, 'x');

  CHECK(client->try_send(message));
  CHECK(client->try_send(message));
  CHECK(client->try_send(message));
  CHECK_FALSE(client->try_send("x"));
  CHECK(client->queued_bytes() == 3'000'000);

  CHECK(world.runtime.run_for(next(*world.at_server)).size() == message.size());
  CHECK(client->try_send("x"));
}

TEST_CASE("a message sent first overtakes what is queued, not what is being written") {
  World world;
  auto client = world.connected();
  for (const char* message : {"a", "b", "c"}) client->try_send(message);

  client->try_send_first("now");

  std::string order;
  for (int i = 0; i < 4; ++i) order += world.runtime.run_for(next(*world.at_server)) + " ";
  CHECK(order == "a now b c ");
}

TEST_CASE("dropping the queue leaves what is being written and says how much went") {
  World world;
  auto client = world.connected();
  for (const char* message : {"a", "bb", "ccc"}) client->try_send(message);

  CHECK(client->drop_queued() == 2);
  CHECK(client->queued_bytes() == 1);
  client->try_send("d");

  CHECK(world.runtime.run_for(next(*world.at_server)) == "a");
  CHECK(world.runtime.run_for(next(*world.at_server)) == "d");
}

TEST_CASE("a socket may be destroyed with everything pending") {
  World world;
  auto client = world.connected();
  auto* raw = client.get();
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  std::vector<std::string> got;
  group.spawn(read_all(*world.at_server, got));
  constexpr auto receive_once = [](WebSocket& socket, bool& ended) -> Task<void> {
    ended = !co_await socket.receive();
  };
  bool ended = false;
  group.spawn(receive_once(*raw, ended));
  world.runtime.run_ready();
  raw->try_send(std::string(3'000'000, 'x'));

  client.reset();
  world.runtime.run(group.join());

  CHECK(ended);
  CHECK(got == std::vector<std::string>{"END"});
}

TEST_CASE("a cut cable ends both sides") {
  World world;
  auto client = world.connected();
  world.network.cut_connections(port);
  CHECK(world.runtime.run_for(next(*client)) == "END 1006");
  CHECK(world.runtime.run_for(next(*world.at_server)) == "END 1006");
}

TEST_CASE("a refused upgrade tells its status, its reason and when to come back") {
  World world;
  const auto refused_with = [&](int status, std::string body) {
    world.refusal = [=] {
      auto response = text_response(status, body);
      response.headers.set("Retry-After", "7");
      return response;
    };
    const auto upgraded = world.connect();
    REQUIRE_FALSE(upgraded.has_value());
    return upgraded.error();
  };

  const auto unauthorised = refused_with(401, "no key");
  CHECK(unauthorised.kind == ErrorKind::refused);
  CHECK(unauthorised.status == 401);
  CHECK(unauthorised.message == "upgrade refused with 401: no key");
  CHECK(refused_with(403, "").kind == ErrorKind::refused);
  CHECK(refused_with(404, "").kind == ErrorKind::not_found);
  CHECK(refused_with(429, "").retry_after_ms == 7000);
  CHECK(refused_with(503, "").kind == ErrorKind::unavailable);
  CHECK(refused_with(500, std::string(100'000, 'x')).message.size() < 600);
  CHECK_FALSE(world.at_server);
}

TEST_CASE("a subprotocol is agreed to when it is offered, among others too") {
  World world;
  const auto agreed = [&](HttpHeaders offer) {
    const auto upgraded = world.connect({}, std::move(offer));
    REQUIRE(upgraded.has_value());
    CHECK(upgraded->response_headers.get("Server") == "earshot");
    world.let_go->notify();
    world.runtime.run_ready();
    return std::string(upgraded->response_headers.get("Sec-WebSocket-Protocol"));
  };
  CHECK(agreed({{"Sec-WebSocket-Protocol", "other, realtime"}}) == "realtime");
  CHECK(agreed({{"Sec-WebSocket-Protocol", "other"}}) == "");
  CHECK(agreed({}) == "");
}

TEST_CASE("nobody there, or nobody who answers, is unavailable within the handshake's time") {
  World world;
  world.network.set_unreachable("call.example", port, true);
  const auto nobody = world.connect();
  REQUIRE_FALSE(nobody.has_value());
  CHECK(nobody.error().kind == ErrorKind::unavailable);

  world.network.set_unreachable("call.example", port, false);
  const auto mute = world.network.listen("call.example", port, false);
  const auto start = world.runtime.clock().steady_now();
  const auto unanswered = world.connect({.handshake_timeout = 30s});
  REQUIRE_FALSE(unanswered.has_value());
  CHECK(unanswered.error().kind == ErrorKind::unavailable);
  CHECK(world.runtime.clock().steady_now() - start == 30s);
}

namespace {

// A server that says whatever it likes to a handshake.
Result<Upgraded> connect_to(std::string answer) {
  World world;
  auto listener = world.network.listen("call.example", 80, false);
  constexpr auto serve = [](World& in, Listener& door, std::string said) -> Task<void> {
    auto accepted = co_await door.accept();
    if (!accepted) co_return;
    const auto peer = make_raw(in.runtime.executor(), std::move(accepted->socket));
    co_await peer->read_until("\r\n\r\n");
    co_await peer->write(std::move(said));
    co_await peer->read_to_end();
  };
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  group.spawn(serve(world, **listener, std::move(answer)));
  WebSocketClientOptions options{.url = *parse_url("ws://call.example/ws/7")};
  auto upgraded = world.runtime.run_for(connect_websocket(
      world.network, world.runtime.executor(), world.runtime.clock(), std::move(options)));
  if (upgraded) upgraded->socket->abort();
  world.runtime.run(group.join());
  return upgraded;
}

}  // namespace

TEST_CASE("a server that switches without having understood the handshake is not believed") {
  const std::string switching =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  for (const std::string& rest :
       {std::string("\r\n"),
        std::string("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")}) {
    const auto upgraded = connect_to(switching + rest);
    REQUIRE_FALSE(upgraded.has_value());
    CHECK(upgraded.error().kind == ErrorKind::unavailable);
  }
  CHECK_FALSE(connect_to("HTTP/1.1 101 Switching Protocols\r\n\r\n").has_value());
  CHECK_FALSE(connect_to("SSH-2.0-OpenSSH_9.2\r\n\r\n").has_value());
  CHECK_FALSE(connect_to("HTTP/1.1 101 X\r\nX: " + std::string(100'000, 'x')).has_value());
}

TEST_CASE("a refusal is one, however long it says its body is") {
  for (const char* length : {"999999999999999", "2000000"}) {
    const auto upgraded =
        connect_to(std::string("HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: ") +
                   length + "\r\n\r\nslow down");
    REQUIRE_FALSE(upgraded.has_value());
    CHECK(upgraded.error().status == 429);
    CHECK(upgraded.error().retry_after_ms == 3000);
  }
  const auto chunked =
      connect_to("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nnever\r\n0\r\n\r\n");
  REQUIRE_FALSE(chunked.has_value());
  CHECK(chunked.error().message == "upgrade refused with 403: never");
}

TEST_CASE("a header that holds a line break is never sent") {
  World world;
  const auto upgraded = world.connect({}, {{"X-Key", "a\r\nX-Other: b"}});
  REQUIRE_FALSE(upgraded.has_value());
  CHECK(upgraded.error().kind == ErrorKind::invalid);
}

TEST_CASE("a handshake that is none gets its status") {
  World world;
  constexpr auto converse = [](World& in, std::string bytes) -> Task<std::string> {
    auto peer = co_await connect_raw(in.network, in.runtime.executor(), "a", port);
    co_await (*peer)->write(std::move(bytes));
    const std::string head = co_await (*peer)->read_until("\r\n\r\n");
    co_return head.substr(9, 3);
  };
  const auto status = [&](std::string bytes) {
    return world.runtime.run_for(converse(world, std::move(bytes)));
  };
  CHECK(status("GET /ws/7 HTTP/1.1\r\nHost: a\r\n\r\n") == "426");
  CHECK(status(
            "GET /ws/7 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n") ==
        "400");
  CHECK(status(std::string(upgrade_request) + frame(0x81, "too early")) == "400");
  const auto with = [](std::string_view was, std::string_view is) {
    std::string request(upgrade_request);
    request.replace(request.find(was), was.size(), is);
    return request;
  };
  for (const char* key :
       {"", "short", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZSBhbmQgbW9yZQ=="})
    CHECK(status(with("dGhlIHNhbXBsZSBub25jZQ==", key)) == "400");
  CHECK(status(with("Version: 13", "Version: 12")) == "426");
  CHECK(status(with("Sec-WebSocket-Version: 13\r\n", "")) == "426");
  CHECK_FALSE(world.at_server);
}

TEST_CASE("stopping the server waits for WebSocket handlers, then cuts") {
  World world;
  auto client = world.connected();
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  const auto start = world.runtime.clock().steady_now();
  std::vector<std::string> at_client;
  group.spawn(read_all(*client, at_client));
  constexpr auto leave_when_cut = [](World& in) -> Task<void> {
    CHECK(co_await next(*in.at_server) == "END 1006");
    in.let_go->notify();
  };
  group.spawn(leave_when_cut(world));

  world.runtime.run(world.server->stop(start + 20s));
  world.runtime.run(group.join());

  CHECK(world.runtime.clock().steady_now() - start == 20s);
  CHECK(at_client == std::vector<std::string>{"END"});
  CHECK_FALSE(world.log.contains("outlived"));
}
