#include "store/detail/statement_watch.hpp"

#include "base/executor.hpp"
#include "net/testing/test_runtime.hpp"
#include "store/detail/connection.hpp"
#include "store/detail/readers.hpp"
#include "store/detail/writer.hpp"
#include "tests/contract/temporary_directory.hpp"

#include <atomic>
#include <doctest/doctest.h>
#include <latch>
#include <thread>

namespace earshot::store {
namespace {

// Never ends by itself.
constexpr std::string_view endless =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";

struct Fixture {
  contract::TemporaryDirectory directory;
  Counters counters;
  MemoryLog log;
  InlineOffload offload;
  net::TestRuntime runtime;
  Counter& ended = counters.counter("ended", "");
  StatementWatch watch{80ms, ended};
  ConnectionTarget target{.database = Database::sqlite,
                          .where = (directory.path() / "a.db").string(),
                          .statement_timeout = 80ms,
                          .watch = &watch};
};

}  // namespace

TEST_CASE("a statement without end is ended, and said to be worth another try") {
  Fixture f;
  Connection connection(f.target, true);
  try {
    connection.query(endless, 1);
    FAIL("it ended by itself");
  } catch (const DatabaseError& error) {
    CHECK(error.error().kind == ErrorKind::unavailable);
    CHECK(error.error().message.find("took too long") != std::string::npos);
    CHECK(error.connection_lost());
    CHECK(error.took_too_long());
  }
  CHECK(f.ended.value() == 1);
  CHECK_FALSE(f.watch.hanging());
}

TEST_CASE("a read that took too long is not tried again, and the next one has a new connection") {
  Fixture f;
  Connection(f.target, true).command("CREATE TABLE t (a BIGINT)");
  Readers readers(f.target, 1);
  readers.read([](Connection& connection) { connection.query("SELECT 1", 1); });
  int tries = 0;
  CHECK_THROWS_AS(readers.read([&](Connection& connection) {
    ++tries;
    connection.query(endless, 1);
  }),
                  DatabaseError);
  CHECK(tries == 1);
  std::size_t rows = 0;
  readers.read([&](Connection& connection) { rows = connection.query("SELECT 1", 1).size(); });
  CHECK(rows == 1);
}

TEST_CASE("who finds all reading connections in use for too long hears so") {
  Fixture f;
  Connection(f.target, true).command("CREATE TABLE t (a BIGINT)");
  Readers readers(f.target, 1);
  std::latch inside(1);
  std::latch leave(1);
  std::jthread holder([&] {
    readers.read([&](Connection&) {
      inside.count_down();
      leave.wait();
    });
  });
  inside.wait();
  CHECK_THROWS_AS(readers.read([](Connection&) {}), DatabaseError);
  leave.count_down();
}

TEST_CASE("a write that takes too long fails alone, and the writer goes on with a new connection") {
  Fixture f;
  Writer writer(f.target, {}, f.offload, f.log, f.counters);
  REQUIRE(writer.open().has_value());
  auto hung =
      f.runtime.run_for(writer.write([](Connection& connection) { connection.query(endless, 1); }));
  REQUIRE_FALSE(hung.has_value());
  CHECK(worth_retrying(hung.error()));
  CHECK(f.runtime
            .run_for(writer.write([](Connection& connection) { connection.query("SELECT 1", 1); }))
            .has_value());
  CHECK(f.log.contains("database takes writes again"));
}

TEST_CASE("nobody waits behind a write that cannot be ended") {
  Fixture f;
  Writer writer(f.target, {}, f.offload, f.log, f.counters);
  REQUIRE(writer.open().has_value());
  std::latch inside(1);
  std::latch leave(1);
  const auto deaf = [&](Connection&) {
    const StatementWatch::Statement statement(&f.watch, [] {});
    inside.count_down();
    leave.wait();
  };
  // Each with a loop of its own, as the threads of an Offload have.
  std::jthread writing([&] {
    net::TestRuntime runtime;
    CHECK(runtime.run_for(writer.write(deaf)).has_value());
  });
  inside.wait();
  std::atomic<int> given_up = 0;
  {
    std::vector<std::jthread> waiting;
    waiting.reserve(3);
    for (int i = 0; i < 3; ++i)
      waiting.emplace_back([&] {
        net::TestRuntime runtime;
        auto written = runtime.run_for(writer.write([](Connection&) {}));
        if (!written && worth_retrying(written.error())) ++given_up;
      });
  }
  CHECK(given_up == 3);
  CHECK(f.watch.hanging());
  CHECK_FALSE(f.runtime.run_for(writer.write([](Connection&) {})).has_value());
  leave.count_down();
  writing.join();
  CHECK_FALSE(f.watch.hanging());
  CHECK(f.runtime.run_for(writer.write([](Connection&) {})).has_value());
}

}  // namespace earshot::store
