#include "calls/dead_letters.hpp"

#include "blob/memory_blob_store.hpp"
#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>
#include <set>
#include <vector>

namespace earshot::calls {
namespace {

// Takes each body once, as the inbox does, and none that says "bad".
struct FakeReplay : EventReplay {
  Task<Result<ReplayOutcome>> replay(std::string body) override {
    ++asked;
    if (away) co_return fail(ErrorKind::unavailable, "events were not stored");
    if (body == "bad") co_return fail(ErrorKind::invalid, "not JSON at offset 0");
    const bool fresh = known.insert(body).second;
    co_return ReplayOutcome{
        .stored = fresh ? 1 : 0, .duplicate = fresh ? 0 : 1, .unknown_call = 0, .rejected = {}};
  }
  std::set<std::string> known;
  bool away = false;
  int asked = 0;
};

struct Desk {
  void put(std::string name, std::string_view text) {
    auto done = runtime.run_for(blobs.put(
        {.name = {std::move(name)}, .bytes = Bytes(text.begin(), text.end()), .replace = true}));
    REQUIRE(done.has_value());
  }
  Result<int> round() { return runtime.run_for(letters.run_once()); }

  net::TestRuntime runtime;
  blob::MemoryBlobStore blobs{runtime.clock()};
  FakeReplay replay;
  Counters counters;
  MemoryLog log;
  DeadLetters letters{blobs, replay, runtime.clock(), counters, log, {.blob_bytes_max = 100}};
};

}  // namespace

TEST_CASE("each dead letter is replayed once, and one that changes again") {
  Desk desk;
  desk.put("topic/sub/2026/3/2/9/a.json", "one");
  desk.put("topic/sub/2026/3/2/9/b.json", "two");
  CHECK(desk.round().value() == 2);
  CHECK(desk.round().value() == 0);
  CHECK(desk.replay.asked == 2);
  desk.put("topic/sub/2026/3/2/10/c.json", "three");
  desk.put("topic/sub/2026/3/2/9/a.json", "four");
  CHECK(desk.round().value() == 2);
  CHECK(desk.replay.asked == 4);
}

TEST_CASE("a letter that is no event, or too large, holds up no other") {
  Desk desk;
  desk.put("a.json", "bad");
  desk.put("b.json", std::string(101, 'x'));
  desk.put("c.json", "good");
  CHECK(desk.round().value() == 1);
  CHECK(desk.round().value() == 0);
  CHECK(desk.replay.asked == 2);
}

TEST_CASE("letters older than what ACS keeps are passed over") {
  Desk desk;
  desk.put("a.json", "one");
  desk.runtime.advance(std::chrono::hours(49));
  CHECK(desk.round().value() == 0);
  CHECK(desk.replay.asked == 0);
}

TEST_CASE("what could not be stored is replayed in the next round") {
  Desk desk;
  desk.put("a.json", "one");
  desk.replay.away = true;
  CHECK_FALSE(desk.round().has_value());
  desk.replay.away = false;
  CHECK(desk.round().value() == 1);
}

TEST_CASE("a named blob is replayed whenever it is asked for") {
  Desk desk;
  desk.put("a.json", "one");
  auto outcome = desk.runtime.run_for(desk.letters.replay_blob("a.json"));
  REQUIRE(outcome.has_value());
  CHECK(outcome->stored == 1);
  outcome = desk.runtime.run_for(desk.letters.replay_blob("a.json"));
  REQUIRE(outcome.has_value());
  CHECK(outcome->duplicate == 1);
  outcome = desk.runtime.run_for(desk.letters.replay_blob("none.json"));
  REQUIRE_FALSE(outcome.has_value());
  CHECK(outcome.error().kind == ErrorKind::not_found);
}

}  // namespace earshot::calls
