#include "store/sql_store.hpp"

#include "base/random.hpp"
#include "net/runtime.hpp"
#include "net/testing/test_runtime.hpp"
#include "store/detail/connection.hpp"
#include "store/detail/id_list.hpp"
#include "store/detail/migrations.hpp"
#include "tests/contract/temporary_directory.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <set>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace earshot::store {
namespace {

using contract::TemporaryDirectory;

const WallTime noon = *parse_iso8601("2026-03-02T12:00:00Z");

// A store on a file, with tasks run to their end one by one.
struct Opened {
  explicit Opened(const std::filesystem::path& file, std::uint64_t seed = 1) : random(seed) {
    auto made =
        make_sql_store({.connection = "sqlite://" + file.string()}, offload, random, log, counters);
    REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().message));
    store = std::move(*made);
  }
  template <class T>
  T run(Task<T> task) {
    return runtime.run_for(std::move(task));
  }
  net::TestRuntime runtime;
  InlineOffload offload;
  SeededRandom random;
  MemoryLog log;
  Counters counters;
  std::unique_ptr<SqlStore> store;
};

struct CountingOffload : Offload {
  Task<void> run(std::move_only_function<void()> work) override {
    ++asked;
    work();
    co_return;
  }
  int asked = 0;
};

Error opening_fault(const std::string& connection) {
  InlineOffload offload;
  SeededRandom random(1);
  NullLog log;
  Counters counters;
  auto made = make_sql_store({.connection = connection}, offload, random, log, counters);
  REQUIRE_FALSE(made.has_value());
  return made.error();
}

Connection connect(const std::filesystem::path& file) {
  return Connection({.database = Database::sqlite, .where = file.string()}, true);
}

InboundEvent event_number(int number) {
  return {.door = EventDoor::call_callback,
          .id = std::to_string(number),
          .type = "Microsoft.Communication.CallConnected",
          .context_id = {"c"},
          .body = CallConnected{},
          .raw = "{}"};
}

// A call and what was said in it, as version 6 of the schema had them.
void fill_version_6(Connection& connection) {
  connection.execute(
      "INSERT INTO calls (context_id, phase, correlation_id, server_call_id, connection_id, "
      "ring_key, link_key, answer_request_id, resource, received_at, end_reason, end_code, "
      "end_sub_code, recording_wish, recording_phase, recording_id, recording_start_request_id, "
      "recording_starts, recording_state_event_seen, media_connected, media_restarts, version) "
      "VALUES ('c1', 'ended', '', '', '', '', '', '', '', 1, '', 0, 0, 'record', 'none', '', '', "
      "0, 0, 0, 0, 1)");
  const std::pair<const char*, const char*> said[] = {
      {"i1", "the invoice of March"}, {"i2", "an INVOICE, \u8acb\u6c42\u66f8"}, {"i3", ""}};
  for (const auto& [item, text] : said) {
    connection.execute(
        "INSERT INTO turns (context_id, session_id, item_id, speaker, start_us, end_us, "
        "interrupted, cut_is_estimated) VALUES ('c1', 's', :item, 'caller', 1, 2, 0, 0)",
        {{"item", item}});
    connection.execute(
        "INSERT INTO turn_texts (context_id, session_id, item_id, text, generated_text, words) "
        "VALUES ('c1', 's', :item, :text, '', '')",
        {{"item", item}, {"text", text}});
  }
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

TEST_CASE("the database is in WAL mode, syncs every commit and holds to its foreign keys") {
  TemporaryDirectory directory;
  auto connection = connect(directory.path() / "a.db");
  CHECK(connection.query("PRAGMA journal_mode", 1).at(0).text() == "wal");
  CHECK(connection.query("PRAGMA synchronous", 1).at(0).number() == 2);
  CHECK(connection.query("PRAGMA foreign_keys", 1).at(0).number() == 1);
  CHECK(connection.query("PRAGMA secure_delete", 1).at(0).number() == 1);
  Opened opened(directory.path() / "b.db");
  CHECK(std::filesystem::exists(directory.path() / "b.db-wal"));
}

TEST_CASE("a page is read in one go, however many calls and recordings it has") {
  TemporaryDirectory directory;
  CountingOffload offload;
  SeededRandom random(1);
  NullLog log;
  Counters counters;
  net::TestRuntime runtime;
  auto store = make_sql_store({.connection = "sqlite://" + (directory.path() / "a.db").string()},
                              offload, random, log, counters);
  REQUIRE(store.has_value());
  Changes changes;
  for (const char* id : {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"}) {
    changes.calls.push_back({.id = {id}, .phase = CallPhase::ended, .ring_key = id});
    changes.recordings.push_back({.id = {id}, .call = {id}});
    changes.chunks.push_back({.recording = {id}});
  }
  REQUIRE(runtime.run_for((*store)->commit(std::move(changes))).has_value());

  offload.asked = 0;
  const auto calls = runtime.run_for((*store)->calls_page({}));
  CHECK(offload.asked == 1);
  const auto recordings = runtime.run_for((*store)->recordings_page({}));
  CHECK(offload.asked == 2);
  REQUIRE(calls.has_value());
  CHECK(calls->size() == 9);
  REQUIRE(recordings.has_value());
  CHECK(recordings->size() == 9);
}

TEST_CASE("the statements of lists are few, whatever lengths their pages have") {
  std::set<std::string> texts;
  std::vector<ContextId> calls;
  for (int i = 0; i <= 500; ++i) {
    texts.insert(of_any(calls).text);
    calls.push_back({std::to_string(i)});
  }
  CHECK(texts.size() == 11);
}

TEST_CASE("a reading connection cannot write") {
  TemporaryDirectory directory;
  const auto file = directory.path() / "a.db";
  Opened opened(file);
  Connection reader({.database = Database::sqlite, .where = file.string()}, false);
  CHECK_THROWS_AS(reader.execute("DELETE FROM jobs"), DatabaseError);
}

TEST_CASE("a database of schema version 1 is brought up to date with its rows") {
  TemporaryDirectory directory;
  const auto file = directory.path() / "a.db";
  {
    auto connection = connect(file);
    CHECK(migrate(connection, all_migrations().first(1)) == 0);
    connection.execute(
        "INSERT INTO journal (context_id, at, type, detail) VALUES ('c', 1, 'from version 1', "
        "'{}')");
  }
  Opened opened(file);
  const auto journal = *opened.run(opened.store->journal_of({"c"}));
  REQUIRE(journal.size() == 1);
  CHECK(journal[0].type == "from version 1");
  CHECK(opened.run(opened.store->next_due()).has_value());
}

TEST_CASE("what was said before there was a search is found after the migration") {
  TemporaryDirectory directory;
  const auto file = directory.path() / "a.db";
  {
    auto connection = connect(file);
    CHECK(migrate(connection, all_migrations().first(6)) == 0);
    fill_version_6(connection);
  }
  Opened opened(file);
  const auto hits = [&](std::string text) {
    TranscriptQuery query;
    query.text = std::move(text);
    auto page = opened.run(opened.store->search_transcripts(std::move(query)));
    REQUIRE(page.has_value());
    return page->hits.size();
  };
  CHECK(hits("invoice") == 2);
  CHECK(hits("\u8acb\u6c42\u66f8") == 1);
  CHECK(hits("no such word") == 0);
  // What changes afterwards is found as it is now: the index knows the rows that it was filled
  // with.
  Changes changes;
  Turn turn{.call = {"c1"}, .item_id = "i1", .session_id = "s"};
  turn.text = "the refund of March";
  changes.turns.push_back(std::move(turn));
  REQUIRE(opened.run(opened.store->commit(std::move(changes))).has_value());
  CHECK(hits("invoice") == 1);
  CHECK(hits("refund") == 1);
}

TEST_CASE("a schema newer than the program is refused and left alone") {
  TemporaryDirectory directory;
  const auto file = directory.path() / "a.db";
  {
    auto connection = connect(file);
    migrate(connection);
    connection.execute("INSERT INTO schema_version (version) VALUES (4711)");
  }
  const auto fault = opening_fault("sqlite://" + file.string());
  CHECK(fault.kind == ErrorKind::invalid);
  CHECK(fault.message.find("4711") != std::string::npos);
  CHECK(fault.message.find("newer Earshot") != std::string::npos);
}

TEST_CASE("a migration that fails leaves nothing of itself") {
  TemporaryDirectory directory;
  auto connection = connect(directory.path() / "a.db");
  const Migration broken[] = {{1, "CREATE TABLE one (a BIGINT);\nCREATE TABLE one (a BIGINT);\n"}};
  CHECK_THROWS_AS(migrate(connection, broken), DatabaseError);
  CHECK(connection.query("SELECT name FROM sqlite_master", 1).empty());
}

TEST_CASE("what cannot be opened is a clear fault") {
  TemporaryDirectory directory;
  const auto file = directory.path() / "a.db";
  SUBCASE("a file that is no database") {
    std::ofstream(file) << std::string(10'000, 'x');
    const auto fault = opening_fault("sqlite://" + file.string());
    CHECK(fault.kind == ErrorKind::corrupt);
    CHECK(fault.message.find("restore it from a backup") != std::string::npos);
  }
  SUBCASE("a directory that is not there") {
    const auto fault = opening_fault("sqlite://" + (directory.path() / "no/a.db").string());
    CHECK(fault.kind == ErrorKind::unavailable);
    CHECK(fault.message.find("directory exists") != std::string::npos);
  }
  SUBCASE("an address of another form") {
    for (const auto* text : {"", "a.db", "sqlite://a.db", "sqlite:///", "mysql://u:secret@h/d"}) {
      const auto fault = opening_fault(text);
      CHECK(fault.kind == ErrorKind::invalid);
      CHECK(fault.message.find("secret") == std::string::npos);
    }
  }
}

TEST_CASE("what answering needs is gone from the file once the event is handled") {
  TemporaryDirectory directory;
  const auto file = directory.path() / "a.db";
  const std::string secret = "eyJ.secret-of-the-incoming-call";
  auto event = event_number(1);
  event.body = IncomingCall{.incoming_call_context = Secret(secret), .caller = "4:+15550100"};
  event.raw = R"({"incomingCallContext":")" + secret + R"("})";
  {
    Opened opened(file);
    const auto stored = *opened.run(opened.store->store_events({event}, noon));
    CHECK(bytes_of(file.string() + "-wal").find(secret) != std::string::npos);
    REQUIRE(opened.run(opened.store->commit({.handled_events = {stored[0].number}})).has_value());
  }
  // Closed, so that the log is folded into the file.
  CHECK(bytes_of(file).find(secret) == std::string::npos);
  CHECK(bytes_of(file).find("+15550100") == std::string::npos);
}

TEST_CASE("of what was said nothing is left in the index, nor in the file, once it is cleared") {
  TemporaryDirectory directory;
  const auto file = directory.path() / "a.db";
  // Three characters that nothing else holds, as the index keeps them.
  const std::string said = "\u2603\u2604\u2605";
  const auto in_index = [&] {
    return connect(file)
        .query("SELECT count(*) FROM turn_index_data WHERE instr(block, X'E29883E29884E29885') > 0",
               1)
        .at(0)
        .number();
  };
  {
    Opened opened(file);
    for (const char* id : {"c1", "c2"}) {
      Changes changes;
      changes.calls.push_back({.id = {id}, .phase = CallPhase::ended, .ring_key = id});
      for (int i = 0; i < 50; ++i)
        changes.turns.push_back({.call = {id},
                                 .item_id = std::to_string(i),
                                 .text = "an ordinary line, number " + std::to_string(i * 7919)});
      if (changes.calls[0].id.text == "c1") changes.turns[20].text += said;
      REQUIRE(opened.run(opened.store->commit(std::move(changes))).has_value());
    }
    CHECK(in_index() > 0);
    RetentionOutcome outcome{.call = {"c1"}, .rows = {.texts = true}};
    REQUIRE(opened.run(opened.store->settle_retention(outcome)).has_value());
    CHECK(in_index() > 0);  // that is why
    while (*opened.run(opened.store->clear_search_index())) {
    }
    CHECK(in_index() == 0);
    CHECK(*opened.run(opened.store->clear_search_index()) == false);
    TranscriptQuery query{.text = "ordinary line"};
    const auto found = opened.run(opened.store->search_transcripts(query));
    REQUIRE(found.has_value());
    CHECK_FALSE(found->hits.empty());
  }
  CHECK(bytes_of(file).find(said) == std::string::npos);
}

TEST_CASE("writes that wait together share transactions, and each has its own outcome") {
  TemporaryDirectory directory;
  SystemRandom random;
  NullLog log;
  Counters counters;
  constexpr int waiters = 200;
  net::Runtime runtime(1);  // outlives the threads that post to it
  auto offload = net::make_thread_offload(4);
  auto made = make_sql_store({.connection = "sqlite://" + (directory.path() / "a.db").string()},
                             *offload, random, log, counters);
  REQUIRE(made.has_value());
  auto& store = **made;

  int left = waiters;
  int conflicts = 0;
  std::set<std::int64_t> numbers;
  struct Waiter {
    // Every tenth commit is one that cannot be: the others in its transaction must not suffer.
    static Task<void> run(SqlStore& store_in, int i, int& conflicts_in,
                          std::set<std::int64_t>& numbers_in) {
      if (i % 10 == 0) {
        auto bad = co_await store_in.commit(
            {.journal = {{.call = {"c"}, .type = "no"}}, .handled_events = {1'000'000 + i}});
        if (!bad && bad.error().kind == ErrorKind::conflict) ++conflicts_in;
        co_return;
      }
      auto stored = co_await store_in.store_events({event_number(i)}, noon);
      if (stored) numbers_in.insert(stored->at(0).number);
    }
  };
  for (int i = 0; i < waiters; ++i)
    runtime.worker(0).spawn(Waiter::run(store, i, conflicts, numbers), [&](std::exception_ptr) {
      if (--left == 0) runtime.stop();
    });
  runtime.run();

  CHECK(conflicts == waiters / 10);
  CHECK(numbers.size() == waiters - waiters / 10);
  const auto transactions =
      counters.counter("earshot_store_transactions_total", "transactions that carried these writes")
          .value();
  CHECK(transactions >= 1);
  CHECK(transactions < waiters / 4);
  made->reset();
  offload.reset();
  Opened again(directory.path() / "a.db");
  CHECK(again.run(again.store->unhandled_events(1000))->size() == numbers.size());
  CHECK(again.run(again.store->journal_of({"c"}))->empty());
}

TEST_CASE("two processes' stores that lease at the same time never get the same job") {
  TemporaryDirectory directory;
  const auto file = directory.path() / "a.db";
  constexpr int job_count = 100;
  {
    Opened first(file);
    Changes changes;
    for (int i = 0; i < job_count; ++i) changes.jobs.push_back({.kind = "k", .due = noon});
    REQUIRE(first.run(first.store->commit(changes)).has_value());
  }
  std::vector<std::vector<std::string>> taken(2);
  {
    std::vector<std::jthread> runners;
    runners.reserve(taken.size());
    for (std::size_t i = 0; i < taken.size(); ++i)
      runners.emplace_back([&, i] {
        Opened opened(file, i + 5);
        for (;;) {
          auto job =
              opened.run(opened.store->lease("runner " + std::to_string(i), noon, noon + 60s));
          if (!job || !*job) return;
          taken[i].push_back((*job)->id.text);
        }
      });
  }
  std::set<std::string> different(taken[0].begin(), taken[0].end());
  different.insert(taken[1].begin(), taken[1].end());
  CHECK(different.size() == job_count);
  CHECK(taken[0].size() + taken[1].size() == job_count);
}

namespace {

// Commits without end and says each number that is durable; killed by its parent.
[[noreturn]] void commit_until_killed(const std::filesystem::path& file, int pipe_out) {
  Opened opened(file);
  for (int i = 0;; ++i) {
    Changes changes;
    for (int part = 0; part < 20; ++part)
      changes.journal.push_back(
          {.call = {"c"}, .at = noon, .type = std::to_string(i), .detail = std::string(500, 'x')});
    changes.jobs.push_back({.kind = "k", .due = noon});
    if (!opened.run(opened.store->commit(std::move(changes)))) _exit(1);
    if (::write(pipe_out, &i, sizeof i) != sizeof i) _exit(2);
  }
}

// Gives the last number that the child said it had committed.
int kill_while_committing(const std::filesystem::path& file, int commits_before) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) commit_until_killed(file, ends[1]);
  ::close(ends[1]);
  int last = -1;
  int number = 0;
  while (last < commits_before && ::read(ends[0], &number, sizeof number) == sizeof number)
    last = number;
  ::kill(child, SIGKILL);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  while (::read(ends[0], &number, sizeof number) == sizeof number) last = number;
  ::close(ends[0]);
  return last;
}

}  // namespace

TEST_CASE(
    "a process killed while it commits loses nothing it was told is durable, and leaves no half") {
  for (int round = 0; round < 5; ++round) {
    TemporaryDirectory directory;
    const auto file = directory.path() / "a.db";
    const int last = kill_while_committing(file, 7 * round + 3);
    REQUIRE(last >= 0);
    Opened opened(file);
    std::map<int, int> parts;
    for (const auto& entry : *opened.run(opened.store->journal_of({"c"})))
      ++parts[std::stoi(entry.type)];
    for (int i = 0; i <= last; ++i) CHECK(parts[i] == 20);
    // One more may be durable that the child had no time to tell of.
    CHECK(parts.size() <= static_cast<std::size_t>(last) + 2);
    for (const auto& [number, count] : parts) CHECK(count == 20);
    std::size_t jobs = 0;
    for (auto job = opened.run(opened.store->lease("r", noon, noon + 60s)); job && *job;
         job = opened.run(opened.store->lease("r", noon, noon + 60s)))
      ++jobs;
    CHECK(jobs == parts.size());
  }
}

TEST_CASE("more writes waiting than allowed are refused as worth retrying, and counted") {
  TemporaryDirectory directory;
  InlineOffload offload;
  SeededRandom random(1);
  NullLog log;
  Counters counters;
  auto made = make_sql_store(
      {.connection = "sqlite://" + (directory.path() / "a.db").string(), .writes_waiting_max = 0},
      offload, random, log, counters);
  REQUIRE(made.has_value());
  net::TestRuntime runtime;
  auto refused = runtime.run_for((*made)->store_events({event_number(1)}, noon));
  REQUIRE_FALSE(refused.has_value());
  CHECK(worth_retrying(refused.error()));
  CHECK(counters
            .counter("earshot_store_writes_refused_total", "writes refused because too many waited")
            .value() == 1);
}

}  // namespace earshot::store
