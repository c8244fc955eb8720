// links: base net store
// How many webhooks a second can be answered, each only after its event is committed: events a
// second at 1, 16 and 256 deliveries that wait at the same time, on SQLite with its disk synced for
// every transaction. Beside it: how many events share a transaction, how long a delivery waits, and
// what an append to the event spool (the way out while the database is away) costs.
//
//   ./dev bench store_commits [--directory DIR] [--events N] [--database postgresql://…]
//
// The directory's disk decides: give one on the disk that the service will use.

#include "base/random.hpp"
#include "net/runtime.hpp"
#include "store/event_spool.hpp"
#include "store/sql_store.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <string>
#include <vector>

namespace earshot {
namespace {

struct BenchOptions {
  std::filesystem::path directory = std::filesystem::temp_directory_path();
  std::string database;
  int events = 5000;
};

struct Load {
  CallStore& store;
  Clock& clock;
  Random& random;
  int left;  // events yet to be stored, shared by all waiters
  int failed = 0;
  std::vector<double> waits_ms;
};

InboundEvent next_event(Random& random) {
  return {.door = EventDoor::call_callback,
          .id = make_uuid(random),
          .type = "Microsoft.Communication.CallConnected",
          .context_id = {make_uuid(random)},
          .connection_id = {"411f0b00-6c2a-4a3b-9d1e-1f2e3d4c5b6a"},
          .body = CallConnected{},
          // About as long as ACS's own.
          .raw = "{\"data\":\"" + std::string(1200, 'x') + "\"}"};
}

double milliseconds_since(Clock& clock, SteadyTime begin) {
  return std::chrono::duration<double, std::milli>(clock.steady_now() - begin).count();
}

Task<void> deliver(Load& load) {
  while (load.left > 0) {
    --load.left;
    const auto begin = load.clock.steady_now();
    std::vector<InboundEvent> events{next_event(load.random)};
    auto stored = co_await load.store.store_events(std::move(events), load.clock.wall_now());
    if (!stored || stored->at(0).outcome != Accepted::stored) ++load.failed;
    load.waits_ms.push_back(milliseconds_since(load.clock, begin));
  }
}

double percentile(std::vector<double>& sorted, double part) {
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(last * part)];
}

// False: some event was not stored once.
bool measure(const std::string& connection, int waiters, int events) {
  SystemRandom random;
  NullLog log;
  Counters counters;
  net::Runtime runtime(1);  // outlives the threads that post to it
  auto offload = net::make_thread_offload(4);
  auto clock = net::make_asio_clock();
  auto made = store::make_sql_store({.connection = connection}, *offload, random, log, counters);
  if (!made) {
    fmt::print(stderr, "{}\n", made.error().message);
    return false;
  }
  Load load{.store = **made, .clock = *clock, .random = random, .left = events};
  int running = waiters;
  const auto begin = clock->steady_now();
  for (int i = 0; i < waiters; ++i)
    runtime.worker(0).spawn(deliver(load), [&](std::exception_ptr thrown) {
      if (thrown) ++load.failed;
      if (--running == 0) runtime.stop();
    });
  runtime.run();
  const auto seconds = milliseconds_since(*clock, begin) / 1000;
  const auto transactions =
      counters.counter("earshot_store_transactions_total", "transactions that carried these writes")
          .value();
  std::ranges::sort(load.waits_ms);
  fmt::print("{:>8} {:>10} {:>12.0f} {:>18.1f} {:>10.2f} {:>10.2f} {:>8}\n", waiters, events,
             events / seconds, events / transactions, percentile(load.waits_ms, 0.5),
             percentile(load.waits_ms, 0.99), load.failed);
  return load.failed == 0;
}

Task<void> append_all(EventSpool& spool, Clock& clock, Random& random, int events, int& failed) {
  for (int i = 0; i < events; ++i) {
    std::vector<InboundEvent> one{next_event(random)};
    auto appended = co_await spool.append(std::move(one), clock.wall_now());
    if (!appended) ++failed;
  }
}

bool measure_spool(const std::filesystem::path& file, int events) {
  SystemRandom random;
  NullLog log;
  Counters counters;
  net::Runtime runtime(1);
  auto offload = net::make_thread_offload(1);
  auto clock = net::make_asio_clock();
  auto made = store::make_event_spool({.file = file}, *offload, log, counters);
  if (!made) return false;
  int failed = 0;
  const auto begin = clock->steady_now();
  runtime.worker(0).spawn(append_all(**made, *clock, random, events, failed),
                          [&](std::exception_ptr) { runtime.stop(); });
  runtime.run();
  fmt::print("event spool, one waiter: {:.0f} appends/s, each synced\n",
             events / (milliseconds_since(*clock, begin) / 1000));
  return failed == 0;
}

std::filesystem::path own_directory(const std::filesystem::path& under) {
  auto pattern = (under / "earshot-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    fmt::print(stderr, "cannot make a directory under {}\n", under.string());
    std::exit(2);
  }
  return pattern;
}

BenchOptions read_options(int argc, char** argv) {
  BenchOptions options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--directory") options.directory = argv[i + 1];
    if (name == "--events") options.events = std::max(std::atoi(argv[i + 1]), 100);
    if (name == "--database") options.database = argv[i + 1];
  }
  return options;
}

int run(const BenchOptions& options) {
  const auto directory = own_directory(options.directory);
  fmt::print("{:>8} {:>10} {:>12} {:>18} {:>10} {:>10} {:>8}\n", "waiters", "events", "events/s",
             "events/transaction", "p50 ms", "p99 ms", "failed");
  bool good = true;
  for (const int waiters : {1, 16, 256}) {
    const auto file = directory / fmt::format("{}.db", waiters);
    const auto connection =
        options.database.empty() ? "sqlite://" + file.string() : options.database;
    good = measure(connection, waiters, options.events) && good;
  }
  good = measure_spool(directory / "events", std::min(options.events, 1000)) && good;
  std::filesystem::remove_all(directory);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) { return earshot::run(earshot::read_options(argc, argv)); }
