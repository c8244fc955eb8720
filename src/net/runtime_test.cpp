// Real threads, real sockets on loopback, real time: what the manual clock cannot show. Nothing
// here waits for a duration, only for something to happen.
#include "net/runtime.hpp"

#include "base/task_group.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/network.hpp"
#include "net/websocket.hpp"

#include <atomic>
#include <csignal>
#include <doctest/doctest.h>
#include <exception>
#include <latch>
#include <set>
#include <thread>

using namespace earshot;
using namespace earshot::net;

namespace {

// Runs `task` on worker 0 of a running runtime, then stops it.
void run_to_end(Runtime& runtime, Task<void> task) {
  std::exception_ptr thrown;
  runtime.worker(0).spawn(std::move(task), [&](std::exception_ptr error) {
    thrown = std::move(error);
    runtime.stop();
  });
  runtime.run();
  if (thrown) std::rethrow_exception(thrown);
}

Task<HttpResponse> say_thread(HttpRequest) {
  co_return text_response(200,
                          std::to_string(std::hash<std::thread::id>()(std::this_thread::get_id())));
}

Task<void> echo(HttpRequest, std::unique_ptr<WebSocket> socket) {
  while (auto message = co_await socket->receive()) socket->try_send(std::string(*message));
}

// One server a worker on a shared port, used from both workers at once.
struct Service {
  explicit Service(Runtime& runtime_in) : runtime(runtime_in) {
    router.add("GET", "/thread", say_thread);
    router.add_websocket("/ws", nullptr, echo);
    for (std::size_t i = 0; i < runtime.workers(); ++i) {
      servers.push_back(
          *start_http_server(*network, runtime.worker(i), *clock, log, counters, router,
                             {.address = "127.0.0.1",
                              .port = servers.empty() ? std::uint16_t{0} : servers.front()->port(),
                              .share_port = true}));
      clients.push_back(make_http_client(*network, runtime.worker(i), *clock));
    }
  }
  std::string host() const { return "127.0.0.1:" + std::to_string(servers.front()->port()); }

  Runtime& runtime;
  std::unique_ptr<Network> network = make_tcp_network();
  std::unique_ptr<Clock> clock = make_asio_clock();
  NullLog log;
  Counters counters;
  Router router;
  std::vector<std::unique_ptr<HttpServer>> servers;
  std::vector<std::unique_ptr<HttpClient>> clients;
};

Task<void> call_twice(Service& service) {
  for (int i = 0; i < 2; ++i) {
    HttpCall call{.url = "http://" + service.host() + "/thread"};
    CHECK((co_await service.clients[0]->send(std::move(call))).has_value());
  }
  CHECK(service.counters.gauge("earshot_http_connections", "").value() == 1);
  // Nobody listens on the port of a server that stopped.
  const std::string url = "http://" + service.host() + "/thread?sig=secret";
  co_await service.servers[0]->stop(service.clock->steady_now() + 10s);
  HttpCall call{.url = url};
  const auto reply = co_await service.clients[0]->send(std::move(call));
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().kind == ErrorKind::unavailable);
  CHECK(reply.error().message.find("secret") == std::string::npos);
}

// Waits for work on another worker to be done, by asking its own.
class Gathering {
 public:
  explicit Gathering(std::size_t expected) : left_(expected) {}
  void arrive(std::function<void()> last) {
    if (left_.fetch_sub(1) == 1) last();
  }

 private:
  std::atomic<std::size_t> left_;
};

Task<void> exchange(Service& service, std::size_t worker, std::atomic<int>& good) {
  for (int i = 0; i < 20; ++i) {
    HttpCall call{.url = "http://" + service.host() + "/thread"};
    const auto reply = co_await service.clients[worker]->send(std::move(call));
    if (reply && reply->status == 200 && !reply->body.empty()) ++good;
    WebSocketClientOptions options{.url = *parse_url("ws://" + service.host() + "/ws")};
    auto upgraded = co_await connect_websocket(*service.network, service.runtime.worker(worker),
                                               *service.clock, std::move(options));
    if (!upgraded) continue;
    for (int n = 0; n < 10; ++n) upgraded->socket->try_send(std::to_string(n));
    int right = 0;
    for (int n = 0; n < 10; ++n) {
      const auto message = co_await upgraded->socket->receive();
      if (message && *message == std::to_string(n)) ++right;
    }
    if (right == 10) ++good;
    co_await upgraded->socket->close(1000, "");
  }
}

Task<void> offload_many(Offload& offload, Executor& executor, std::atomic<int>& done) {
  for (int i = 0; i < 200; ++i) {
    int inside = 0;
    co_await offload.run([&inside] { inside = 1; });
    if (inside == 1 && executor.runs_here()) ++done;
  }
}

Task<void> throw_in(Offload& offload) {
  co_await offload.run([] { throw std::logic_error("as expected"); });
}

}  // namespace

TEST_CASE("two workers serve one port and call each other at the same time") {
  Runtime runtime(2);
  auto service = std::make_unique<Service>(runtime);
  std::atomic<int> good = 0;
  Gathering gathering(2);
  for (std::size_t worker = 0; worker < 2; ++worker)
    runtime.worker(worker).spawn(exchange(*service, worker, good), [&](std::exception_ptr thrown) {
      CHECK_FALSE(thrown);
      gathering.arrive([&] { runtime.stop(); });
    });

  runtime.run();

  CHECK(good == 80);
}

TEST_CASE("calls to one host share a connection, and a stopped server has none") {
  Runtime runtime(1);
  Service service(runtime);
  run_to_end(runtime, call_twice(service));
}

TEST_CASE("the real clock wakes sleepers in order and not before their time") {
  Runtime runtime(1);
  const auto clock = make_asio_clock();
  constexpr auto sleep_twice = [](Clock& real) -> Task<void> {
    const auto start = real.steady_now();
    auto signal = real.make_signal();
    CHECK(co_await signal->wait_until(start + 2ms) == Wake::timed_out);
    CHECK(real.steady_now() >= start + 2ms);
    co_await real.sleep_until(start + 4ms);
    CHECK(real.steady_now() >= start + 4ms);
    signal->notify();
    CHECK(co_await signal->wait_until(start + 1h) == Wake::notified);
    CHECK(co_await signal->wait_until(real.steady_now() + 1ms) == Wake::timed_out);
  };
  run_to_end(runtime, sleep_twice(*clock));
}

TEST_CASE("work posted from another thread wakes a waiting coroutine") {
  Runtime runtime(2);
  const auto clock = make_asio_clock();
  auto signal = clock->make_signal();
  constexpr auto wait = [](Runtime& both, Signal& arrival) -> Task<void> {
    both.worker(1).post(
        [&both, &arrival] { both.worker(0).post([&arrival] { arrival.notify(); }); });
    co_await arrival.wait();
    CHECK(both.worker(0).runs_here());
    CHECK_FALSE(both.worker(1).runs_here());
  };
  run_to_end(runtime, wait(runtime, *signal));
}

TEST_CASE("offloaded work runs elsewhere and its coroutine goes on where it was") {
  Runtime runtime(2);
  auto offload = make_thread_offload(3, 4);
  std::atomic<int> done = 0;
  Gathering gathering(4);
  for (std::size_t i = 0; i < 4; ++i)
    runtime.worker(i % 2).spawn(
        offload_many(*offload, runtime.worker(i % 2), done),
        [&](std::exception_ptr) { gathering.arrive([&] { runtime.stop(); }); });
  runtime.run();
  CHECK(done == 800);
}

TEST_CASE("what posted work throws is told, on any worker, and the others go on") {
  Runtime runtime(2);
  std::atomic<int> told = 0;
  std::atomic<int> after = 0;
  runtime.contain([&](std::string_view what) { told += what == "as expected" ? 1 : 0; });
  Gathering gathering(2);
  for (std::size_t i = 0; i < 2; ++i) {
    runtime.worker(i).post([] { throw std::runtime_error("as expected"); });
    runtime.worker(i).post([&] {
      ++after;
      gathering.arrive([&] { runtime.stop(); });
    });
  }
  runtime.run();
  CHECK(told == 2);
  CHECK(after == 2);
}

TEST_CASE("work that finds too much waiting is not begun, and counted") {
  Runtime runtime(1);
  Counters counters;
  auto& refused = counters.counter("refused", "");
  auto offload = make_thread_offload(1, 2, &refused);
  std::latch begun(1);
  std::latch leave(1);
  int done = 0;
  int turned_away = 0;
  constexpr auto occupy = [](Offload& pool, std::latch& inside, std::latch& out) -> Task<void> {
    co_await pool.run([&] {
      inside.count_down();
      out.wait();
    });
  };
  constexpr auto try_one = [](Offload& pool, int& worked, int& not_begun) -> Task<void> {
    try {
      co_await pool.run([&] { ++worked; });
    } catch (const std::system_error&) {
      ++not_begun;
    }
  };
  int left = 5;
  const auto ended = [&](std::exception_ptr) {
    if (--left == 0) runtime.stop();
  };
  runtime.worker(0).spawn(occupy(*offload, begun, leave), ended);
  runtime.worker(0).post([&] {
    begun.wait();
    for (int i = 0; i < 4; ++i)
      runtime.worker(0).spawn(try_one(*offload, done, turned_away), ended);
    runtime.worker(0).post([&] { leave.count_down(); });
  });
  runtime.run();
  CHECK(done == 2);
  CHECK(turned_away == 2);
  CHECK(refused.value() == 2);
}

TEST_CASE("what offloaded work throws reaches the coroutine") {
  Runtime runtime(1);
  auto offload = make_thread_offload(1);
  CHECK_THROWS_AS(run_to_end(runtime, throw_in(*offload)), std::logic_error);
}

TEST_CASE("a termination signal is handled once, on worker 0") {
  Runtime runtime(1);
  bool on_worker = false;
  runtime.on_termination([&] {
    on_worker = runtime.worker(0).runs_here();
    runtime.stop();
  });
  runtime.worker(0).post([] { std::raise(SIGTERM); });

  runtime.run();

  CHECK(on_worker);
}

TEST_CASE("a runtime that never ran, or stopped with coroutines waiting, goes away cleanly") {
  Runtime idle(3);
  Runtime runtime(2);
  const auto clock = make_asio_clock();
  auto signal = std::shared_ptr<Signal>(clock->make_signal());
  constexpr auto wait = [](std::shared_ptr<Signal> never, Clock& real) -> Task<void> {
    co_await never->wait_until(real.steady_now() + 24h);
  };
  runtime.worker(1).spawn(wait(signal, *clock), [](std::exception_ptr) {});
  runtime.worker(1).post([&] { runtime.stop(); });
  runtime.run();
}
