#include "net/http_client.hpp"

#include "base/task_group.hpp"
#include "net/http_server.hpp"
#include "net/testing/memory_network.hpp"
#include "net/testing/raw_connection.hpp"
#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::net;

namespace {

constexpr std::uint16_t port = 8080;

std::string url_to(std::string target) { return "http://api.example:8080" + target; }

// A server that tells the client what it saw.
struct World {
  World() {
    router.add("GET", "/large", large);
    router.add("GET", "/moved", moved);
    router.add("GET", "/slow", [this](HttpRequest) { return slow(runtime.clock()); });
    for (const char* method : {"GET", "POST", "PUT", "DELETE", "PATCH"})
      router.add(method, "/{rest*}", mirror, {.body_bytes_max = 8 << 20});
    server = *start_http_server(network, runtime.executor(), runtime.clock(), log, counters, router,
                                {.port = port});
    client = make_http_client(network, runtime.executor(), runtime.clock());
  }

  static Task<HttpResponse> mirror(HttpRequest request) {
    HttpResponse response;
    response.status = request.target.starts_with("/missing") ? 404 : 200;
    response.headers.add("X-Target", request.target);
    response.headers.add("X-Method", request.method);
    response.headers.add("X-Peer", request.peer);
    for (const auto& [name, value] : request.headers) response.headers.add("Seen-" + name, value);
    response.body = std::move(request.body);
    if (response.status == 404) response.body = "nothing";
    co_return response;
  }
  static Task<HttpResponse> large(HttpRequest) {
    co_return text_response(200, std::string(1'000'000, 'x'));
  }
  static Task<HttpResponse> moved(HttpRequest) {
    HttpResponse response;
    response.status = 302;
    response.headers.add("Location", "/there?x=1");
    co_return response;
  }
  static Task<HttpResponse> slow(Clock& clock) {
    co_await clock.sleep_for(60s);
    co_return text_response(200, "at last");
  }

  Result<HttpReply> send(HttpCall call) { return runtime.run_for(client->send(std::move(call))); }

  TestRuntime runtime;
  MemoryNetwork network;
  MemoryLog log;
  Counters counters;
  Router router;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpClient> client;
};

}  // namespace

TEST_CASE("a call carries its method, headers and body, and nothing that was not asked for") {
  World world;

  const auto reply = world.send({.method = "PUT",
                                 .url = url_to("/a"),
                                 .headers = {{"x-ms-version", "2024"}, {"X-Empty", ""}},
                                 .body = "content"});

  REQUIRE(reply.has_value());
  CHECK(reply->status == 200);
  CHECK(reply->body == "content");
  CHECK(reply->headers.get("x-method") == "PUT");
  CHECK(reply->headers.get("seen-x-ms-version") == "2024");
  CHECK(reply->headers.find("seen-x-empty").has_value());
  CHECK(reply->headers.get("seen-content-length") == "7");
  CHECK(reply->headers.get("seen-host") == "api.example:8080");
  CHECK_FALSE(reply->headers.find("seen-expect").has_value());
  CHECK_FALSE(reply->headers.find("seen-content-type").has_value());
}

TEST_CASE("every method goes out as named, empty bodies with their length") {
  World world;
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    CAPTURE(method);
    const auto reply = world.send({.method = method, .url = url_to("/a")});
    REQUIRE(reply.has_value());
    CHECK(reply->headers.get("x-method") == method);
    CHECK(reply->headers.get("seen-content-length") ==
          (method == "GET" || method == "DELETE" ? "" : "0"));
  }
  const auto head = world.send({.method = "HEAD", .url = url_to("/large")});
  REQUIRE(head.has_value());
  CHECK(head->headers.get("content-length") == "1000000");
  CHECK(head->body.empty());
}

TEST_CASE("a URL goes out exactly as given") {
  World world;
  for (const std::string target : {"/a%2fb/%7e?k=a+b&sig=%2b%3D", "/a//b/?x", "/a?q='*"}) {
    CAPTURE(target);
    // Loopback, where plain HTTP is allowed; elsewhere it is TLS, which takes the same path.
    const auto reply = world.send({.url = "http://127.0.0.1:8080" + target});
    REQUIRE(reply.has_value());
    CHECK(reply->headers.get("x-target") == target);
  }
}

TEST_CASE("a status that is no success is a reply all the same") {
  World world;
  const auto reply = world.send({.url = url_to("/missing")});
  REQUIRE(reply.has_value());
  CHECK(reply->status == 404);
  CHECK(reply->body == "nothing");
}

TEST_CASE("many calls at once are all answered") {
  World world;
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  constexpr auto call = [](HttpClient& client, int n, int& good) -> Task<void> {
    HttpCall post{.method = "POST", .url = url_to("/n"), .body = std::to_string(n)};
    const auto reply = co_await client.send(std::move(post));
    if (reply && reply->body == std::to_string(n)) ++good;
  };
  int good = 0;
  for (int n = 0; n < 100; ++n) group.spawn(call(*world.client, n, good));

  world.runtime.run(group.join());

  CHECK(good == 100);
  CHECK(world.counters.gauge("earshot_http_connections", "").value() <= 16);
}

TEST_CASE("a large body goes up and comes down whole") {
  World world;
  std::string body(5'000'000, 'x');
  body[4'999'999] = 'y';
  const auto reply = world.send({.method = "PUT", .url = url_to("/a"), .body = body});
  REQUIRE(reply.has_value());
  CHECK(reply->body == body);
}

TEST_CASE("no answer in time is unavailable, at that time, and the message has no query") {
  World world;
  const auto start = world.runtime.clock().steady_now();

  const auto reply = world.send({.url = url_to("/slow?sig=secret"), .timeout = 7s});

  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().kind == ErrorKind::unavailable);
  CHECK(reply.error().message == "GET http://api.example:8080/slow: no answer in time");
  CHECK(world.runtime.clock().steady_now() - start == 7s);
}

TEST_CASE("where the path is a secret, no message has it") {
  World world;
  net::HttpCall call{.url = url_to("/services/very-secret"), .timeout = 7s};
  call.path_is_secret = true;
  SUBCASE("no answer") { call.url = url_to("/slow"); }
  SUBCASE("nobody there") { world.network.set_unreachable("api.example", port, true); }
  SUBCASE("too long an answer") {
    call.url = url_to("/large");
    call.response_bytes_max = 1;
  }
  const auto path = call.url.substr(call.url.rfind('/'));

  const auto reply = world.send(call);

  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().message.starts_with("GET http://api.example:8080: "));
  CHECK(reply.error().message.find(path) == std::string::npos);
}

TEST_CASE("nobody there is unavailable") {
  World world;
  world.network.set_unreachable("api.example", port, true);

  const auto reply = world.send({.url = url_to("/a?sig=secret")});

  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().kind == ErrorKind::unavailable);
  CHECK(reply.error().message.find("secret") == std::string::npos);
}

TEST_CASE(
    "a connection that is cut in the middle is unavailable, and the next call opens another") {
  World world;
  REQUIRE(world.send({.url = url_to("/a")}).has_value());
  world.network.cut_connections(port);
  world.runtime.run_ready();
  CHECK(world.send({.url = url_to("/a")}).has_value());
}

TEST_CASE("a response beyond its bound is corrupt") {
  World world;
  const auto reply = world.send({.url = url_to("/large"), .response_bytes_max = 999'999});
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().kind == ErrorKind::corrupt);
  CHECK(world.send({.url = url_to("/large"), .response_bytes_max = 1'000'000}).has_value());
}

TEST_CASE("what answers without HTTP is unavailable") {
  World world;
  auto listener = world.network.listen("odd.example", 9090, false);
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  constexpr auto accept_and_close = [](Listener& at) -> Task<void> {
    auto accepted = co_await at.accept();
    CHECK(accepted.has_value());
  };
  group.spawn(accept_and_close(**listener));

  const auto reply = world.send({.url = "http://odd.example:9090/"});

  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().kind == ErrorKind::unavailable);
  world.runtime.run(group.join());
}

TEST_CASE("redirects are followed only as far as asked") {
  World world;

  const auto stays = world.send({.url = url_to("/moved")});
  REQUIRE(stays.has_value());
  CHECK(stays->status == 302);

  const auto follows = world.send({.url = url_to("/moved"), .redirects_max = 1});
  REQUIRE(follows.has_value());
  CHECK(follows->status == 200);
  CHECK(follows->headers.get("x-target") == "/there?x=1");
  CHECK_FALSE(follows->headers.find("location").has_value());
}

TEST_CASE("a download hands on its pieces in order") {
  World world;
  std::string got;

  const auto reply = world.runtime.run_for(
      world.client->download({.url = url_to("/large")}, [&](std::string_view piece) {
        got += piece;
        return ok();
      }));

  REQUIRE(reply.has_value());
  CHECK(got == std::string(1'000'000, 'x'));
  CHECK(reply->body.empty());
}

TEST_CASE("a download that is no success gives its body in the reply") {
  World world;
  int pieces = 0;
  const auto reply = world.runtime.run_for(
      world.client->download({.url = url_to("/missing")}, [&](std::string_view) {
        ++pieces;
        return ok();
      }));
  REQUIRE(reply.has_value());
  CHECK(reply->body == "nothing");
  CHECK(pieces == 0);
}

TEST_CASE("a sink that fails, or throws, ends its download") {
  World world;
  const auto reply = world.runtime.run_for(world.client->download(
      {.url = url_to("/large")},
      [](std::string_view) -> Result<void> { return fail(ErrorKind::conflict, "disk full"); }));
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().kind == ErrorKind::conflict);

  const auto throwing = [&] {
    return world.runtime.run_for(world.client->download(
        {.url = url_to("/large")},
        [](std::string_view) -> Result<void> { throw std::logic_error("as expected"); }));
  };
  CHECK_THROWS_AS(static_cast<void>(throwing()), std::logic_error);
  CHECK(world.send({.url = url_to("/a")}).has_value());
}

TEST_CASE("what cannot be a call is invalid, before anything is sent") {
  World world;
  const auto kind = [&](HttpCall call) {
    const auto reply = world.send(std::move(call));
    REQUIRE_FALSE(reply.has_value());
    return reply.error().kind;
  };
  CHECK(kind({.url = "nowhere"}) == ErrorKind::invalid);
  CHECK(kind({.url = "ws://api.example/"}) == ErrorKind::invalid);
  CHECK(kind({.method = "GET / HTTP/1.1\r\nX: y", .url = url_to("/")}) == ErrorKind::invalid);
  CHECK(kind({.url = url_to("/"), .headers = {{"X", "a\r\nY: b"}}}) == ErrorKind::invalid);
  CHECK(kind({.url = url_to("/"), .headers = {{"X:Y", "a"}}}) == ErrorKind::invalid);
  CHECK(world.counters.counter("earshot_http_requests_total", "").value() == 0);
}

TEST_CASE("a client that goes away ends its calls") {
  World world;
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), world.log, "test");
  Result<HttpReply> reply = HttpReply();
  constexpr auto call = [](HttpClient& client, Result<HttpReply>& out) -> Task<void> {
    HttpCall slow{.url = url_to("/slow")};
    out = co_await client.send(std::move(slow));
  };
  group.spawn(call(*world.client, reply));
  world.runtime.run_ready();

  world.client.reset();
  world.runtime.run(group.join());

  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().kind == ErrorKind::unavailable);
}

TEST_CASE("who downloads is told the head before the first byte, and may end the exchange there") {
  World world;
  std::string order;
  HttpCall call{.url = url_to("/large")};
  call.on_head = [&](const HttpReply& reply) {
    order += fmt::format("head {} ", reply.headers.get("Content-Length"));
    return ok();
  };
  const auto sink = [&](std::string_view piece) {
    if (!order.ends_with("body ")) order += "body ";
    static_cast<void>(piece);
    return ok();
  };
  auto reply = world.runtime.run_for(world.client->download(call, sink));
  REQUIRE(reply.has_value());
  CHECK(order == "head 1000000 body ");

  order.clear();
  call.on_head = [](const HttpReply&) -> Result<void> {
    return fail(ErrorKind::invalid, "not this");
  };
  reply = world.runtime.run_for(world.client->download(call, sink));
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().kind == ErrorKind::invalid);
  CHECK(order.empty());
}
