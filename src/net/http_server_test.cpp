#include "net/http_server.hpp"

#include "base/task_group.hpp"
#include "net/testing/memory_network.hpp"
#include "net/testing/raw_connection.hpp"
#include "net/testing/test_runtime.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <optional>

using namespace earshot;
using namespace earshot::net;

namespace {

constexpr std::uint16_t port = 8080;

class Pieces : public BodyReader {
 public:
  explicit Pieces(std::vector<Result<std::string>> pieces) : pieces_(std::move(pieces)) {}
  Task<Result<std::string>> next() override {
    if (at_ == pieces_.size()) co_return std::string();
    co_return pieces_[at_++];
  }

 private:
  std::vector<Result<std::string>> pieces_;
  std::size_t at_ = 0;
};

struct World {
  explicit World(HttpServerOptions options = {}) {
    options.port = port;
    add_routes();
    server = *start_http_server(network, runtime.executor(), runtime.clock(), log, counters, router,
                                std::move(options));
  }

  void add_routes() {
    router.add("GET", "/hello/{name}", hello);
    router.add("POST", "/echo", echo);
    router.add("POST", "/small", echo, {.body_bytes_max = 4});
    router.add("GET", "/throws", throws);
    router.add("GET", "/injects", injects);
    router.add("GET", "/pieces", [](HttpRequest) { return stream({"one", "two"}, std::nullopt); });
    router.add("GET", "/sized", [](HttpRequest) { return stream({"one", "two"}, 6); });
    router.add("GET", "/short", [](HttpRequest) { return stream({"one"}, 6); });
    router.add("GET", "/torn", [](HttpRequest) {
      return stream({"one", fail(ErrorKind::unavailable, "gone")}, std::nullopt);
    });
    router.add("GET", "/unreadable", [](HttpRequest) {
      return stream({fail(ErrorKind::unavailable, "gone")}, std::nullopt);
    });
    router.add("GET", "/slow", [this](HttpRequest) { return slow(runtime.clock()); });
  }

  static Task<HttpResponse> hello(HttpRequest request) {
    co_return text_response(200, "hello " + std::string(request.path_parameter("name")));
  }
  static Task<HttpResponse> echo(HttpRequest request) {
    co_return text_response(200, std::move(request.body));
  }
  static Task<HttpResponse> throws(HttpRequest) {
    throw std::runtime_error("as expected");
    co_return HttpResponse();
  }
  static Task<HttpResponse> injects(HttpRequest) {
    HttpResponse response;
    response.headers.add("X-Name", "a\r\nSet-Cookie: b=c");
    co_return response;
  }
  static Task<HttpResponse> stream(std::vector<Result<std::string>> pieces,
                                   std::optional<std::uint64_t> length) {
    HttpResponse response;
    response.stream = std::make_unique<Pieces>(std::move(pieces));
    response.stream_length = length;
    co_return response;
  }
  static Task<HttpResponse> slow(Clock& clock) {
    co_await clock.sleep_for(5s);
    co_return text_response(200, "at last");
  }

  Task<std::string> converse(std::string bytes) {
    auto connection = co_await connect_raw(network, runtime.executor(), "localhost", port);
    if (!connection) co_return connection.error().message;
    co_await (*connection)->write(std::move(bytes));
    co_return co_await (*connection)->read_to_end();
  }
  // Sends bytes, gives all that comes back until the server closes.
  std::string send(std::string bytes) { return runtime.run_for(converse(std::move(bytes))); }
  std::string get(std::string path, std::string headers = "") {
    return send("GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + headers + "\r\n");
  }
  std::unique_ptr<RawConnection> open() {
    auto connection = runtime.run_for(connect_raw(network, runtime.executor(), "localhost", port));
    return std::move(*connection);
  }

  TestRuntime runtime;
  MemoryNetwork network;
  MemoryLog log;
  Counters counters;
  Router router;
  std::unique_ptr<HttpServer> server;
};

bool has_status(const std::string& response, int status) {
  return response.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}

std::string post(std::string path, std::string headers, std::string body) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + headers + "\r\n" + body;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a request is answered by its route, with date and length") {
  World world;

  const auto response = world.get("/hello/a%20b?x=1");

  CHECK(has_status(response, 200));
  CHECK(contains(response, "Content-Length: 9\r\n"));
  CHECK(contains(response, "Date: Mon, 02 Mar 2026 09:15:00 GMT\r\n"));
  CHECK(response.ends_with("\r\n\r\nhello a b"));
}

TEST_CASE("requests on one connection are answered in order, also when sent at once") {
  World world;

  const auto response = world.send(
      "GET /hello/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /hello/2 HTTP/1.1\r\nHost: a\r\n\r\n" +
      post("/echo", "Content-Length: 3\r\n", "abc"));

  CHECK(contains(response, "hello 1HTTP/1.1"));
  CHECK(contains(response, "hello 2HTTP/1.1"));
  CHECK(response.ends_with("abc"));
}

TEST_CASE("HEAD has the head of GET and no body") {
  World world;

  const auto response =
      world.send("HEAD /hello/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

  CHECK(has_status(response, 200));
  CHECK(contains(response, "Content-Length: 7\r\n"));
  CHECK(response.ends_with("\r\n\r\n"));
}

TEST_CASE("HEAD tells the length of a body that would be streamed, where it is known") {
  World world;
  const std::string rest = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

  const auto known = world.send("HEAD /sized" + rest);
  CHECK(contains(known, "Content-Length: 6\r\n"));
  CHECK(known.ends_with("\r\n\r\n"));

  const auto unknown = world.send("HEAD /pieces" + rest);
  CHECK(has_status(unknown, 200));
  CHECK_FALSE(contains(unknown, "Content-Length"));
  CHECK(unknown.ends_with("\r\n\r\n"));
}

TEST_CASE("a path that is not there, or has other methods, says so in JSON") {
  World world;

  const auto missing = world.get("/nowhere");
  CHECK(has_status(missing, 404));
  CHECK(contains(missing, "Content-Type: application/problem+json\r\n"));
  CHECK(contains(missing, R"("title":"Not Found","status":404,"code":"not_found","detail":")"));
  CHECK(contains(missing, R"("error":{"code":"not_found","message":")"));

  const auto wrong = world.get("/echo");
  CHECK(has_status(wrong, 405));
  CHECK(contains(wrong, "Allow: POST\r\n"));
}

TEST_CASE("a body too large is refused by its announced length, before it is read") {
  World world;

  const auto response = world.send(post("/echo", "Content-Length: 10485760\r\n", ""));

  CHECK(has_status(response, 413));
  CHECK(contains(response, R"("code":"payload_too_large")"));
}

TEST_CASE("ten megabytes sent all the same still get their 413") {
  World world;

  std::string ten_mebibytes;
  ten_mebibytes.resize(10'485'760, 'x');
  const auto response = world.send(post("/echo", "Content-Length: 10485760\r\n", ten_mebibytes));

  CHECK(has_status(response, 413));
  CHECK(world.counters.counter("earshot_http_bodies_too_large_total", "").value() == 1);
}

TEST_CASE("a chunked body is counted as it comes") {
  World world;

  CHECK(
      world.send(post("/echo", "Transfer-Encoding: chunked\r\n", "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"))
          .ends_with("\r\n\r\nabc"));
  CHECK(has_status(world.send(post("/small", "Transfer-Encoding: chunked\r\n",
                                   "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")),
                   413));
}

TEST_CASE("a route's own limit goes before the server's") {
  World world;

  CHECK(has_status(world.send(post("/small", "Content-Length: 4\r\n", "abcd")), 200));
  CHECK(has_status(world.send(post("/small", "Content-Length: 5\r\n", "abcde")), 413));
}

TEST_CASE("what is no HTTP request of ours is answered, and the connection closed") {
  World world;
  const auto status = [&](std::string bytes) { return world.send(std::move(bytes)).substr(9, 3); };

  CHECK(status("hello\r\n\r\n") == "400");
  CHECK(status("GET / HTTP/1.1\r\n\r\n") == "400");
  CHECK(status("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == "400");
  CHECK(status("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n") == "400");
  CHECK(status("GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n") == "400");
  CHECK(status("GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n") == "400");
  CHECK(status("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n") == "400");
  CHECK(status("GET / HTTP/1.1\r\nHost: a\r\nX: a\x01"
               "b\r\n\r\n") == "400");
  CHECK(status(post("/echo", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")) ==
        "400");
  CHECK(status(post("/echo", "Content-Length: -1\r\n", "")) == "400");
  CHECK(status(post("/echo", "Transfer-Encoding: chunked\r\n", "zz\r\n")) == "400");
  CHECK(status(post("/echo", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")) == "501");
  CHECK(status(post("/echo", "Expect: magic\r\nContent-Length: 1\r\n", "x")) == "417");
  CHECK(status("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n") ==
        "431");
}

TEST_CASE("the proxy's form of a target is understood") {
  World world;
  CHECK(world.send("GET http://a/hello/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .ends_with("hello x"));
}

TEST_CASE("a header that comes too slowly gets 408") {
  World world;

  const auto start = world.runtime.clock().steady_now();
  const auto response = world.send("GET /hello/x HTTP/1.1\r\nHos");

  CHECK(has_status(response, 408));
  CHECK(world.runtime.clock().steady_now() - start >= 10s);
  CHECK(world.counters.counter("earshot_http_timeouts_total", "").value() >= 1);
}

TEST_CASE("a body that comes too slowly gets 408") {
  World world;
  CHECK(has_status(world.send(post("/echo", "Content-Length: 10\r\n", "abc")), 408));
}

TEST_CASE("a body that ends before its length gets 400") {
  constexpr auto half = [](World& in, std::string bytes) -> Task<std::string> {
    auto peer = co_await connect_raw(in.network, in.runtime.executor(), "a", port);
    co_await (*peer)->write(std::move(bytes));
    (*peer)->shut_writing();
    co_return co_await (*peer)->read_to_end();
  };
  World world;
  for (const char* framing : {"Content-Length: 10\r\n", "Transfer-Encoding: chunked\r\n"}) {
    const auto response = world.runtime.run_for(half(world, post("/echo", framing, "5\r\nab")));
    CHECK(has_status(response, 400));
    CHECK(contains(response, "ends before"));
  }
  CHECK(world.counters.counter("earshot_http_malformed_requests_total", "").value() == 2);
}

TEST_CASE("a connection that says nothing is closed without an answer") {
  World world;
  CHECK(world.send("").empty());
  CHECK(contains(world.send("GET /hello/x HTTP/1.1\r\nHost: a\r\n\r\n"), "hello x"));
}

TEST_CASE("100 Continue is sent to who waits for it") {
  World world;
  auto connection = world.open();
  constexpr auto talk = [](RawConnection& peer) -> Task<std::string> {
    co_await peer.write(post("/echo", "Expect: 100-continue\r\nContent-Length: 3\r\n", ""));
    std::string interim = co_await peer.read_until("\r\n\r\n");
    co_await peer.write("abc");
    co_return interim + co_await peer.read_to_end();
  };

  const auto response = world.runtime.run_for(talk(*connection));

  CHECK(response.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  CHECK(response.ends_with("abc"));
}

TEST_CASE("who waits for 100 Continue with too large a body gets 413 at once") {
  World world;
  const auto response =
      world.send(post("/echo", "Expect: 100-continue\r\nContent-Length: 99999999\r\n", ""));
  CHECK(has_status(response, 413));
}

TEST_CASE("a handler that throws costs its request a 500 and a log line, nothing else") {
  World world;

  CHECK(has_status(world.get("/throws"), 500));
  CHECK(world.log.contains("http handler failed"));
  CHECK(has_status(world.get("/hello/x"), 200));
}

TEST_CASE("a handler cannot write headers through a header's value") {
  World world;

  const auto response = world.get("/injects");

  CHECK(has_status(response, 500));
  CHECK_FALSE(contains(response, "Set-Cookie"));
}

TEST_CASE("a streamed body is chunked, or has the length it announced") {
  World world;

  const auto chunked = world.get("/pieces");
  CHECK(contains(chunked, "Transfer-Encoding: chunked\r\n"));
  CHECK(chunked.ends_with("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));

  const auto sized = world.get("/sized");
  CHECK(contains(sized, "Content-Length: 6\r\n"));
  CHECK(sized.ends_with("\r\n\r\nonetwo"));
}

TEST_CASE(
    "a streamed body of unknown length is not chunked for HTTP/1.0, but ends with the stream") {
  World world;
  const auto whole = world.send("GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(has_status(whole, 200));
  CHECK_FALSE(contains(whole, "Transfer-Encoding"));
  CHECK(contains(whole, "Connection: close\r\n"));
  CHECK(whole.ends_with("\r\n\r\nonetwo"));
  CHECK(world.send("GET /sized HTTP/1.0\r\n\r\n").ends_with("\r\n\r\nonetwo"));
}

TEST_CASE("a streamed body that breaks off never looks whole") {
  World world;

  CHECK_FALSE(world.get("/torn").ends_with("0\r\n\r\n"));
  CHECK(has_status(world.get("/unreadable"), 500));
  CHECK(world.get("/short").ends_with("one"));
  CHECK(world.log.contains("not as long as announced"));
}

TEST_CASE("connections beyond the bound are closed and counted") {
  World world({.connections_max = 1});
  auto first = world.open();
  world.runtime.run_ready();

  CHECK(world.send("GET /hello/x HTTP/1.1\r\nHost: a\r\n\r\n").empty());
  CHECK(world.counters.counter("earshot_http_connections_over_limit_total", "").value() == 1);

  first->close();
  world.runtime.run_ready();
  CHECK(has_status(world.get("/hello/x"), 200));
}

TEST_CASE("stopping lets a request in progress finish and closes the idle connection") {
  World world;
  auto idle = world.open();
  NullLog log;
  TaskGroup group(world.runtime.executor(), world.runtime.clock(), log, "test");
  std::string response;
  constexpr auto ask = [](World& in, std::string& out) -> Task<void> {
    out = co_await in.converse("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  };
  group.spawn(ask(world, response));
  world.runtime.run_ready();
  const auto start = world.runtime.clock().steady_now();

  world.runtime.run(world.server->stop(start + 30s));
  world.runtime.run(group.join());

  CHECK(response.ends_with("at last"));
  CHECK(contains(response, "Connection: close\r\n"));
  CHECK(world.runtime.clock().steady_now() - start == 5s);
  const auto refused = world.send("GET /hello/x HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(contains(refused, "refused"));
}

TEST_CASE("stopping cuts what is not done by the deadline") {
  World world;
  auto peer = world.open();
  constexpr auto ask = [](RawConnection& connection) -> Task<void> {
    co_await connection.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  };
  world.runtime.run(ask(*peer));
  world.runtime.run_ready();

  world.runtime.run(world.server->stop(world.runtime.clock().steady_now() + 1s));

  CHECK(world.runtime.run_for(peer->read_to_end()).empty());
  CHECK_FALSE(world.log.contains("outlived"));
}

TEST_CASE("the accept loop outlives accepts that fail, with a pause and a count") {
  // The first two accepts fail, as they do when the process has no descriptors left.
  struct FailingListener : Listener {
    explicit FailingListener(std::unique_ptr<Listener> true_one) : inner(std::move(true_one)) {}
    Task<Result<Accepted>> accept() override {
      if (failures_left-- > 0) return fail_once();
      return inner->accept();
    }
    static Task<Result<Accepted>> fail_once() {
      co_return fail(ErrorKind::unavailable, "accept: Too many open files");
    }
    std::uint16_t port() const override { return inner->port(); }
    void close() override { inner->close(); }
    std::unique_ptr<Listener> inner;
    int failures_left = 2;
  };
  struct FailingNetwork : MemoryNetwork {
    Result<std::unique_ptr<Listener>> listen(std::string address, std::uint16_t at,
                                             bool share) override {
      auto inner = MemoryNetwork::listen(std::move(address), at, share);
      return std::make_unique<FailingListener>(std::move(*inner));
    }
  };
  World world;
  FailingNetwork network;
  const auto server = start_http_server(network, world.runtime.executor(), world.runtime.clock(),
                                        world.log, world.counters, world.router, {.port = 9000});
  constexpr auto ask = [](Network& in, Executor& executor) -> Task<std::string> {
    auto connection = co_await connect_raw(in, executor, "a", 9000);
    co_await (*connection)->write("GET /hello/x HTTP/1.0\r\n\r\n");
    co_return co_await (*connection)->read_to_end();
  };
  const auto start = world.runtime.clock().steady_now();

  const auto response = world.runtime.run_for(ask(network, world.runtime.executor()));

  CHECK(response.ends_with("hello x"));
  CHECK(world.counters.counter("earshot_http_accept_failures_total", "").value() == 2);
  CHECK(world.runtime.clock().steady_now() - start == 300ms);
  const auto lines = world.log.lines();
  CHECK(std::ranges::count_if(
            lines, [](const auto& line) { return contains(line, "http accept failed"); }) == 1);
}

TEST_CASE("a second server on the same port is a conflict") {
  World world;
  auto second = start_http_server(world.network, world.runtime.executor(), world.runtime.clock(),
                                  world.log, world.counters, world.router, {.port = port});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().kind == ErrorKind::conflict);
}
