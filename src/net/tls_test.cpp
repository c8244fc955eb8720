// TLS over real loopback TCP, with a certificate authority made for the test.
#include "net/tls.hpp"

#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/network.hpp"
#include "net/runtime.hpp"
#include "net/testing/memory_network.hpp"
#include "net/testing/test_certificates.hpp"
#include "net/testing/test_runtime.hpp"
#include "net/websocket.hpp"

#include <doctest/doctest.h>
#include <exception>

using namespace earshot;
using namespace earshot::net;

namespace {

Task<HttpResponse> hello(HttpRequest request) {
  co_return text_response(200, "hello " + request.target);
}

Task<void> echo(HttpRequest, std::unique_ptr<WebSocket> socket) {
  while (auto message = co_await socket->receive()) socket->try_send(std::string(*message));
}

struct Service {
  Service(Network& network_in, Executor& executor_in, Clock& clock_in)
      : network(network_in), executor(executor_in), clock(clock_in) {
    router.add("GET", "/{rest*}", hello);
    router.add_websocket("/ws", nullptr, echo);
    server = *start_http_server(network, executor, clock, log, counters, router,
                                {.address = "127.0.0.1",
                                 .tls = *make_tls_server({certificates.certificate_chain_pem_file(),
                                                          certificates.private_key_pem_file()})});
    client =
        make_http_client(network, executor, clock, {.ca_pem_file = certificates.ca_pem_file()});
  }

  // Echoes what is sent, and gives what went wrong otherwise.
  Task<std::string> converse(std::string host, TlsClientOptions trust, std::string message) {
    WebSocketClientOptions options{.url = *parse_url("wss://" + host + "/ws"),
                                   .tls = *make_tls_client(trust)};
    options.url.port = server->port();
    auto upgraded = co_await connect_websocket(network, executor, clock, std::move(options));
    if (!upgraded) co_return upgraded.error().message;
    upgraded->socket->try_send(std::move(message));
    const auto answer = co_await upgraded->socket->receive();
    std::string text(answer.value_or("nothing"));
    co_await upgraded->socket->close(1000, "");
    co_return upgraded->socket->end().code == 1000 ? text : "closed badly";
  }
  Task<std::string> get(std::string host, std::string target) {
    HttpCall call{.url = "https://" + host + ":" + std::to_string(server->port()) + target};
    auto reply = co_await client->send(std::move(call));
    co_return reply ? reply->body : reply.error().message;
  }

  TestCertificates certificates;
  Network& network;
  Executor& executor;
  Clock& clock;
  MemoryLog log;
  Counters counters;
  Router router;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpClient> client;
};

Task<void> talk_over_tcp(Runtime& runtime, Network& network, Clock& clock) {
  Service service(network, runtime.worker(0), clock);
  const TlsClientOptions trust{service.certificates.ca_pem_file()};
  const std::string large(300'000, 'x');

  CHECK(co_await service.converse("localhost", trust, "one") == "one");
  CHECK(co_await service.converse("127.0.0.1", trust, large) == large);
  CHECK(co_await service.get("localhost", "/a%2fb?c=d") == "hello /a%2fb?c=d");

  // Nobody but the test trusts this authority, and the certificate is for no other name.
  const auto untrusted = co_await service.converse("localhost", {}, "one");
  CHECK(untrusted.find("verify failed") != std::string::npos);
  service.client = make_http_client(network, runtime.worker(0), clock);
  const auto unknown = co_await service.get("localhost", "/");
  CHECK(unknown.find("certificate") != std::string::npos);
  co_await service.server->stop(clock.steady_now() + 10s);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a TLS WebSocket and HTTP over TLS work on real TCP and trust only their authority") {
  Runtime runtime(1);
  const auto network = make_tcp_network();
  const auto clock = make_asio_clock();
  std::exception_ptr thrown;
  runtime.worker(0).spawn(talk_over_tcp(runtime, *network, *clock), [&](std::exception_ptr error) {
    thrown = std::move(error);
    runtime.stop();
  });
  runtime.run();
  if (thrown) std::rethrow_exception(thrown);
}

TEST_CASE("TLS works in memory too, for whatever host the certificate names") {
  TestRuntime runtime;
  MemoryNetwork network;
  Service service(network, runtime.executor(), runtime.clock());
  const TlsClientOptions trust{service.certificates.ca_pem_file()};

  CHECK(runtime.run_for(service.converse("acs.example.test", trust, "one")) == "one");
  CHECK(runtime.run_for(service.get("acs.example.test", "/x")) == "hello /x");

  const auto other = runtime.run_for(service.converse("acs.example.other", trust, "one"));
  CHECK(contains(other, "TLS handshake"));
  CHECK(contains(runtime.run_for(service.get("acs.example.other", "/x")), "certificate"));
}

TEST_CASE("a client that speaks plainly to a TLS port is let go") {
  TestRuntime runtime;
  MemoryNetwork network;
  Service service(network, runtime.executor(), runtime.clock());
  auto plain = make_http_client(network, runtime.executor(), runtime.clock());
  constexpr auto get = [](HttpClient& client, std::uint16_t port) -> Task<bool> {
    HttpCall call{.url = "http://a.example.test:" + std::to_string(port) + "/"};
    const auto reply = co_await client.send(std::move(call));
    co_return reply.has_value();
  };
  CHECK_FALSE(runtime.run_for(get(*plain, service.server->port())));
  CHECK(service.counters.gauge("earshot_http_connections", "").value() == 0);
}

TEST_CASE("a client that never finishes its TLS handshake is let go in time") {
  TestRuntime runtime;
  MemoryNetwork network;
  Service service(network, runtime.executor(), runtime.clock());
  constexpr auto connect = [](Network& in, std::uint16_t port) -> Task<Result<SocketFd>> {
    co_return co_await in.connect("a", port);
  };
  auto mute = runtime.run_for(connect(network, service.server->port()));
  REQUIRE(mute.has_value());

  runtime.advance(9s);
  CHECK(service.counters.gauge("earshot_http_connections", "").value() == 1);
  runtime.advance(2s);
  CHECK(service.counters.gauge("earshot_http_connections", "").value() == 0);
}

TEST_CASE("certificates that do not work are told of at start") {
  const TestCertificates certificates;
  const TestCertificates others;
  const auto chain = certificates.certificate_chain_pem_file();

  CHECK_FALSE(make_tls_server({"/nowhere.pem", certificates.private_key_pem_file()}).has_value());
  CHECK_FALSE(make_tls_server({chain, "/nowhere.pem"}).has_value());
  CHECK_FALSE(make_tls_server({chain, others.private_key_pem_file()}).has_value());
  CHECK_FALSE(make_tls_client({"/nowhere.pem"}).has_value());
  const auto wrong = make_tls_server({chain, others.private_key_pem_file()});
  CHECK(wrong.error().kind == ErrorKind::invalid);
}
