// The contract of the stores on a real PostgreSQL server, and what only a server can do: go away,
// and serve two processes at once.

#include "base/random.hpp"
#include "net/runtime.hpp"
#include "store/sql_store.hpp"
#include "tests/contract/alert_store_contract.hpp"
#include "tests/contract/call_facts_contract.hpp"
#include "tests/contract/call_lists_contract.hpp"
#include "tests/contract/call_store_contract.hpp"
#include "tests/contract/file_locations_contract.hpp"
#include "tests/contract/folder_claims_contract.hpp"
#include "tests/contract/import_store_contract.hpp"
#include "tests/contract/job_store_contract.hpp"
#include "tests/contract/merge_store_contract.hpp"
#include "tests/contract/postgresql_server.hpp"
#include "tests/contract/retention_store_contract.hpp"
#include "tests/contract/sample_rows.hpp"
#include "tests/contract/transcript_search_contract.hpp"

#include <doctest/doctest.h>
#include <set>
#include <thread>

namespace earshot::contract {
namespace {

// One server for all cases: making one takes seconds.
PostgresqlServer& server() {
  static PostgresqlServer one;
  return one;
}

class PostgresqlUnderTest : public StoreUnderTest {
 public:
  explicit PostgresqlUnderTest(const std::string& connection, std::uint64_t seed = 1,
                               Duration statement_timeout = 10s)
      : random_(seed) {
    store::SqlStoreOptions options{
        .connection = connection, .statement_timeout = statement_timeout, .connect_timeout = 2s};
    auto made = store::make_sql_store(options, offload_, random_, log_, counters_);
    REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().message));
    store_ = std::move(*made);
  }
  CallStore& calls() override { return *store_; }
  CallLists& lists() override { return *store_; }
  JobStore& jobs() override { return *store_; }
  FileLocations& files() override { return *store_; }
  FolderClaims& claims() override { return *store_; }
  MergeStore& merges() override { return *store_; }
  ImportStore& imports() override { return *store_; }
  TranscriptSearch& search() override { return *store_; }
  AlertStore& alerts() override { return *store_; }
  RetentionStore& retention() override { return *store_; }
  DownlinkStore& downlinks() override { return *store_; }
  CallFactsSource& facts() override { return *store_; }
  const MemoryLog& log() const { return log_; }

 private:
  InlineOffload offload_;
  SeededRandom random_;
  MemoryLog log_;
  Counters counters_;
  std::unique_ptr<store::SqlStore> store_;
};

std::unique_ptr<StoreUnderTest> postgresql() {
  return std::make_unique<PostgresqlUnderTest>(server().make_database());
}

}  // namespace

TEST_CASE("PostgreSQL: calls are kept") { call_store_keeps_calls(postgresql); }
TEST_CASE("PostgreSQL: what belongs to a call is kept") {
  call_store_keeps_what_belongs_to_a_call(postgresql);
}
TEST_CASE("PostgreSQL: a commit is all or nothing") { call_store_is_all_or_nothing(postgresql); }
TEST_CASE("PostgreSQL: an event is kept once") { call_store_keeps_events_once(postgresql); }
TEST_CASE("PostgreSQL: absurd text has an outcome") { call_store_bears_absurd_text(postgresql); }
TEST_CASE("PostgreSQL: locations of files are kept") { file_locations_are_kept(postgresql); }
TEST_CASE("PostgreSQL: who has a file is told") { folder_owners_are_told(postgresql); }
TEST_CASE("PostgreSQL: who may have a folder is told") { folder_claimants_are_told(postgresql); }
TEST_CASE("PostgreSQL: merges are kept") { merges_are_kept(postgresql); }
TEST_CASE("PostgreSQL: imports are kept") { imports_are_kept(postgresql); }
TEST_CASE("PostgreSQL: calls are listed in short") { call_facts_are_listed(postgresql); }
TEST_CASE("PostgreSQL: a page has what belongs to each row") {
  pages_have_what_belongs_to_each_row(postgresql);
}
TEST_CASE("PostgreSQL: what was said is found") { transcripts_are_found(postgresql); }
TEST_CASE("PostgreSQL: alerts wait to be delivered") { alert_store_keeps_alerts(postgresql); }
TEST_CASE("PostgreSQL: holds are kept") { holds_are_kept(postgresql); }
TEST_CASE("PostgreSQL: retention goes on where it was") {
  retention_goes_on_where_it_was(postgresql);
}
TEST_CASE("PostgreSQL: erasures are kept") { erasures_are_kept(postgresql); }
TEST_CASE("PostgreSQL: erased calls stay erased") { erased_calls_stay_erased(postgresql); }
TEST_CASE("PostgreSQL: jobs are leased") { job_store_leases(postgresql); }
TEST_CASE("PostgreSQL: unique work is added once") { job_store_adds_unique_work_once(postgresql); }
TEST_CASE("PostgreSQL: what was given up stays visible") {
  job_store_keeps_what_was_given_up(postgresql);
}

TEST_CASE("PostgreSQL: two replicas that lease at the same time never get the same job") {
  const auto database = server().make_database();
  constexpr int job_count = 200;
  {
    PostgresqlUnderTest first(database);
    Changes changes;
    for (int i = 0; i < job_count; ++i)
      changes.jobs.push_back({.kind = "k", .subject = std::to_string(i), .due = at_second(i)});
    REQUIRE(first.run(first.calls().commit(std::move(changes))).has_value());
  }
  std::vector<std::vector<std::string>> taken(2);
  std::vector<std::jthread> replicas;
  replicas.reserve(taken.size());
  for (std::size_t i = 0; i < taken.size(); ++i)
    replicas.emplace_back([&, i] {
      PostgresqlUnderTest replica(database, i + 7);
      for (;;) {
        auto job = replica.run(
            replica.jobs().lease("replica " + std::to_string(i), at_second(1000), at_second(2000)));
        if (!job || !*job) return;
        taken[i].push_back((*job)->id.text);
      }
    });
  replicas.clear();
  std::set<std::string> different(taken[0].begin(), taken[0].end());
  different.insert(taken[1].begin(), taken[1].end());
  CHECK(taken[0].size() + taken[1].size() == job_count);
  CHECK(different.size() == job_count);
}

TEST_CASE("PostgreSQL: a server that goes away is unavailable, and used again when it is back") {
  PostgresqlUnderTest store(server().make_database());
  REQUIRE(store.run(store.calls().commit({.calls = {sample_call("c1")}})).has_value());
  server().stop();
  auto read = store.run(store.calls().load_call({"c1"}));
  auto written = store.run(store.calls().store_events({sample_event("e", "c1")}, at_second(0)));
  auto still_away = store.run(store.calls().store_events({sample_event("e", "c1")}, at_second(0)));
  server().start();
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().kind == ErrorKind::unavailable);
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().kind == ErrorKind::unavailable);
  REQUIRE_FALSE(still_away.has_value());
  CHECK(still_away.error().message.find("check that it runs") != std::string::npos);

  CHECK(store.run(store.calls().store_events({sample_event("e", "c1")}, at_second(0))).has_value());
  CHECK(store.run(store.calls().load_call({"c1"})).has_value());
  CHECK(store.log().contains("database takes writes again"));
}

TEST_CASE("PostgreSQL: a server that hangs is unavailable, and used again when it goes on") {
  PostgresqlUnderTest store(server().make_database(), 1, 400ms);
  REQUIRE(store.run(store.calls().commit({.calls = {sample_call("c1")}})).has_value());
  REQUIRE(store.run(store.calls().load_call({"c1"})).has_value());
  server().freeze();
  auto written = store.run(store.calls().store_events({sample_event("e", "c1")}, at_second(0)));
  auto read = store.run(store.calls().load_call({"c1"}));
  auto ping = store.run(store.calls().ping());
  server().thaw();
  for (const auto* error : {&written.error(), &read.error(), &ping.error()})
    CHECK(error->kind == ErrorKind::unavailable);
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().message.find("took too long") != std::string::npos);

  CHECK(store.run(store.calls().store_events({sample_event("e", "c1")}, at_second(0))).has_value());
  CHECK(store.run(store.calls().load_call({"c1"})).has_value());
}

TEST_CASE("PostgreSQL: an idle connection that the server has closed is replaced unseen") {
  PostgresqlUnderTest store(server().make_database());
  REQUIRE(store.run(store.calls().commit({.calls = {sample_call("c1")}})).has_value());
  REQUIRE(store.run(store.calls().load_call({"c1"})).has_value());
  server().stop();
  server().start();
  CHECK(store.run(store.calls().load_call({"c1"})).has_value());
}

TEST_CASE("PostgreSQL: a server that is not there is a clear fault at the start") {
  InlineOffload offload;
  SeededRandom random(1);
  NullLog log;
  Counters counters;
  auto made = store::make_sql_store({.connection = "postgresql://u:pa55word@127.0.0.1:1/x"},
                                    offload, random, log, counters);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().kind == ErrorKind::unavailable);
  CHECK(made.error().message.find("check that it runs") != std::string::npos);
  CHECK(made.error().message.find("pa55word") == std::string::npos);
}

}  // namespace earshot::contract
