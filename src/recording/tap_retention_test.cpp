#include "recording/tap_retention.hpp"

#include "blob/memory_blob_store.hpp"
#include "net/testing/test_runtime.hpp"
#include "store/memory_store.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <vector>

using namespace earshot;
using namespace earshot::recording;

namespace {

// The manual clock starts on 2026-03-02.
struct World {
  explicit World(std::vector<RetentionRule> rules = {})
      : retention(blobs, store, store, runtime.clock(), counters, log,
                  {.keep_days = 30, .rules = std::move(rules)}) {}
  void put(std::string name) {
    BlobWrite write{.name = {std::move(name)}, .bytes = {1}};
    REQUIRE(runtime.run_for(blobs.put(std::move(write))).has_value());
  }
  bool has(std::string name) {
    return runtime.run_for(blobs.info(BlobName{std::move(name)})).has_value();
  }

  net::TestRuntime runtime;
  blob::MemoryBlobStore blobs{runtime.clock()};
  SeededRandom random{1};
  store::MemoryStore store{random};
  Counters counters;
  NullLog log;
  TapRetention retention;
};

}  // namespace

TEST_CASE("taps older than they are kept go, and the recording beside them stays") {
  World world;
  world.put("20260130/earshot/call/tap-0.pcm");
  world.put("20260130/earshot/call/ledger-0.bin");
  world.put("20260130/earshot/call/repair-1.pcm");
  world.put("20260130/earshot/call/manifest.json");
  world.put("20260130/call/recording/0-audiowav.wav");
  world.put("20260131/earshot/call/tap-0.pcm");
  world.put("backup/earshot/call/tap-0.pcm");

  auto removed = world.runtime.run_for(world.retention.run_once());

  REQUIRE(removed.has_value());
  CHECK(*removed == 2);
  CHECK_FALSE(world.has("20260130/earshot/call/tap-0.pcm"));
  CHECK_FALSE(world.has("20260130/earshot/call/ledger-0.bin"));
  CHECK(world.has("20260130/earshot/call/repair-1.pcm"));
  CHECK(world.has("20260130/earshot/call/manifest.json"));
  CHECK(world.has("20260130/call/recording/0-audiowav.wav"));
  CHECK(world.has("20260131/earshot/call/tap-0.pcm"));
  CHECK(world.has("backup/earshot/call/tap-0.pcm"));
}

TEST_CASE("a date that has been cleaned is not looked at again, the next one is") {
  World world;
  world.put("20260130/earshot/call/tap-0.pcm");
  world.put("20260130/call/recording/0-audiowav.wav");
  world.put("20260131/earshot/call/tap-0.pcm");
  REQUIRE(world.runtime.run_for(world.retention.run_once()).has_value());
  const int lists_before = world.blobs.calls().lists;

  auto again = world.runtime.run_for(world.retention.run_once());

  CHECK(*again == 0);
  CHECK(world.blobs.calls().lists == lists_before + 1);
  world.runtime.clock().advance(24h);
  auto next_day = world.runtime.run_for(world.retention.run_once());
  CHECK(*next_day == 1);
}

TEST_CASE("a store that is away loses nothing, the round is made again") {
  World world;
  world.put("20260101/earshot/call/tap-0.pcm");
  world.blobs.fail_next(1, Error{.kind = ErrorKind::unavailable, .message = "away"});

  CHECK_FALSE(world.runtime.run_for(world.retention.run_once()).has_value());
  CHECK(*world.runtime.run_for(world.retention.run_once()) == 1);
}

TEST_CASE("what is held stays whatever its age, and goes once it is no longer held") {
  World world;
  Changes changes;
  changes.calls.push_back({.id = {"held"}});
  REQUIRE(world.runtime.run_for(world.store.commit(std::move(changes))).has_value());
  const LegalHold hold{.id = {"h"}, .call = {"held"}, .lifted_at = {}};
  REQUIRE(world.runtime.run_for(world.store.add_hold(hold)).has_value());
  world.put("20260101/earshot/held/tap-0.pcm");
  world.put("20260101/earshot/other/tap-0.pcm");

  CHECK(*world.runtime.run_for(world.retention.run_once()) == 1);
  CHECK(world.has("20260101/earshot/held/tap-0.pcm"));
  CHECK(*world.runtime.run_for(world.retention.run_once()) == 0);
  const WallTime now = world.runtime.clock().wall_now();
  REQUIRE(world.runtime.run_for(world.store.lift_hold({"h"}, "x", now)).has_value());
  CHECK(*world.runtime.run_for(world.retention.run_once()) == 1);
}

TEST_CASE("what the storage refuses to remove is passed over, and goes when it no longer does") {
  World world;
  world.put("20260101/earshot/call/ledger-0.bin");
  world.put("20260101/earshot/call/tap-0.pcm");
  world.put("20260102/earshot/call/tap-0.pcm");
  const BlobName kept{"20260101/earshot/call/ledger-0.bin"};
  REQUIRE(world.runtime.run_for(world.blobs.set_legal_hold(kept, true)).has_value());

  auto removed = world.runtime.run_for(world.retention.run_once());

  REQUIRE(removed.has_value());
  CHECK(*removed == 2);
  CHECK(world.has(kept.text));
  REQUIRE(world.runtime.run_for(world.blobs.set_legal_hold(kept, false)).has_value());
  CHECK(*world.runtime.run_for(world.retention.run_once()) == 1);
}

TEST_CASE("where a rule covers tap or ledger of a call, they are left to the rules") {
  World world(
      {{.name = "taps-of-gapped",
        .action = RetentionAction::keep,
        .days = 90,
        .objects = {KeptKind::tap},
        .verdicts = {VerdictKind::gapped}},
       {.name = "hotline", .action = RetentionAction::remove, .days = 365, .called = {"+15550199"}},
       {.name = "chunks-only",
        .action = RetentionAction::remove,
        .days = 365,
        .objects = {KeptKind::chunks}}});
  Changes changes;
  for (const auto* id : {"gapped", "hotline", "plain"}) changes.calls.push_back({.id = {id}});
  changes.verdicts.push_back({.call = {"gapped"}, .number = 1, .kind = VerdictKind::gapped});
  changes.verdicts.push_back({.call = {"plain"}, .number = 1, .kind = VerdictKind::complete});
  changes.personal.push_back(
      {.call = {"hotline"}, .caller = "4:+15550123", .called = "4:+15550199"});
  REQUIRE(world.runtime.run_for(world.store.commit(std::move(changes))).has_value());
  for (const std::string call : {"gapped", "hotline", "plain", "unknown"})
    for (const std::string name : {"tap-0.pcm", "ledger-0.bin"})
      world.put(fmt::format("20260101/earshot/{}/{}", call, name));

  CHECK(*world.runtime.run_for(world.retention.run_once()) == 5);

  CHECK(world.has("20260101/earshot/gapped/tap-0.pcm"));
  CHECK_FALSE(world.has("20260101/earshot/gapped/ledger-0.bin"));
  CHECK(world.has("20260101/earshot/hotline/tap-0.pcm"));
  CHECK(world.has("20260101/earshot/hotline/ledger-0.bin"));
  // What rules left is theirs: the date is not looked at again.
  const int lists_before = world.blobs.calls().lists;
  CHECK(*world.runtime.run_for(world.retention.run_once()) == 0);
  CHECK(world.blobs.calls().lists == lists_before + 1);
}
