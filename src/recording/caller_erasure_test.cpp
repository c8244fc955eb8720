#include "recording/caller_erasure.hpp"

#include "recording/testing/recorded_call.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <utility>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

const std::string folder = "20260302/aHR0/r1/";

struct ErasedWorld : RecordedCall {
  ErasedWorld() {
    recording.folder = folder;
    store_call();
    Changes changes;
    changes.turns.push_back({.call = call.id, .item_id = "i", .session_id = "s", .text = "hello"});
    changes.verdicts.push_back({.call = call.id, .number = 1, .kind = VerdictKind::complete});
    // Another caller's.
    Call other = call;
    other.id = {"other"};
    changes.calls.push_back(other);
    changes.personal.push_back({.call = other.id, .caller = "4:+15550777", .called = "x"});
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
    put_blob(folder + "0-audiowav.wav", {1, 2, 3});
    put_blob(folder + "manifest.json", {1});
    put_blob("20260302/earshot/other/tap-0.pcm", {1});
  }
  Erasure request(const std::string& number = "+1 555 0123") {
    auto made = wait(erasure.request(number));
    REQUIRE(made.has_value());
    return std::move(*made);
  }
  JobOutcome run(const Erasure& made) {
    return wait(erasure.run({.kind = erase_caller_job, .subject = made.id.text}));
  }
  Erasure receipt(const Erasure& made) {
    auto loaded = wait(erasure.load(made.id));
    REQUIRE(loaded.has_value());
    return std::move(*loaded);
  }
  std::size_t blob_count() { return wait(blobs.list({}))->blobs.size(); }

  RetentionServices services{store, store, store, blobs, spool, runtime.clock(), counters, log};
  SeededRandom chance{9};
  CallerErasure erasure{services, chance, {.key = Bytes{1, 2, 3}}};
};

}  // namespace

TEST_CASE("all of a caller goes, the journal stays, and the receipt names what went") {
  ErasedWorld world;
  const auto made = world.request();
  CHECK(world.blob_count() == 3);

  CHECK(std::holds_alternative<JobDone>(world.run(made)));

  const auto receipt = world.receipt(made);
  CHECK(receipt.finished_at.has_value());
  REQUIRE(receipt.calls.size() == 1);
  const auto& call = receipt.calls[0];
  CHECK(call.state == ErasureState::erased);
  REQUIRE(call.blobs.size() == 2);
  CHECK(call.blobs[0].name == folder + "0-audiowav.wav");
  CHECK(call.blobs[0].bytes == 3);
  CHECK_FALSE(call.blobs[0].etag.empty());
  CHECK(std::ranges::find(call.rows, "personal", &RowCount::table) != call.rows.end());
  CHECK(receipt.caller_key == world.erasure.caller_key("4:+15550123"));
  CHECK(receipt.caller_key.find("5550123") == std::string::npos);
  CHECK(world.blob_count() == 1);
  CHECK(world.wait(world.store.turns_of(world.call.id))->empty());
  CHECK_FALSE(world.wait(world.store.load_personal(world.call.id)).has_value());
  CHECK(world.wait(world.store.load_personal({"other"})).has_value());
  const auto journal = world.wait(world.store.journal_of(world.call.id));
  REQUIRE(journal->size() == 1);
  CHECK(journal->front().type == "erased by request");
  CHECK(world.wait(world.store.verdicts_of(world.call.id))->size() == 1);
  // Asked for again there is nothing left of the caller.
  CHECK(world.request().calls.empty());
}

TEST_CASE("a call on hold is refused and named, and nothing of it goes") {
  ErasedWorld world;
  const LegalHold hold{.id = {"h1"}, .call = world.call.id, .why = "of Ann", .lifted_at = {}};
  REQUIRE(world.wait(world.store.add_hold(hold)).has_value());
  const auto made = world.request();

  CHECK(std::holds_alternative<JobDone>(world.run(made)));

  const auto call = world.receipt(made).calls.at(0);
  CHECK(call.state == ErasureState::refused);
  CHECK(call.why == "the call is under hold h1");
  CHECK(call.blobs.empty());
  CHECK(world.blob_count() == 3);
  CHECK(world.wait(world.store.load_personal(world.call.id)).has_value());
}

TEST_CASE("what is interrupted goes on, and the receipt forgets nothing") {
  ErasedWorld world;
  const auto made = world.request();
  // Away after the receipt was written and the first blob was removed.
  REQUIRE(world
              .wait(world.store.save_erased_call(
                  made.id,
                  {.call = world.call.id,
                   .state = ErasureState::erasing,
                   .blobs = {{.name = folder + "gone already.wav", .bytes = 7, .etag = "e"}}},
                  {}))
              .has_value());
  world.blobs.fail_next(1, Error{.kind = ErrorKind::unavailable, .message = "away"});
  CHECK(std::holds_alternative<JobRetry>(world.run(made)));
  CHECK(world.receipt(made).calls.at(0).state == ErasureState::erasing);

  CHECK(std::holds_alternative<JobDone>(world.run(made)));

  const auto call = world.receipt(made).calls.at(0);
  CHECK(call.state == ErasureState::erased);
  CHECK(call.blobs.size() == 3);
  CHECK(world.blob_count() == 1);
}

TEST_CASE("what the storage keeps is not called erased") {
  ErasedWorld world;
  REQUIRE(world.wait(world.blobs.set_legal_hold({folder + "0-audiowav.wav"}, true)).has_value());
  const auto made = world.request();
  CHECK(std::holds_alternative<JobDone>(world.run(made)));
  const auto call = world.receipt(made).calls.at(0);
  CHECK(call.state == ErasureState::refused);
  CHECK_FALSE(call.why.empty());
  REQUIRE(call.blobs.size() == 1);
  CHECK(call.blobs[0].name == folder + "manifest.json");
  // So that it can be found again.
  CHECK(world.wait(world.store.load_personal(world.call.id)).has_value());
}

TEST_CASE("a dry run names calls and blobs and stores nothing") {
  ErasedWorld world;
  auto plan = world.wait(world.erasure.plan("4:+15550123"));
  REQUIRE(plan.has_value());
  REQUIRE(plan->calls.size() == 1);
  CHECK(plan->calls[0].blobs.size() == 2);
  CHECK(plan->id.empty());
  CHECK(world.wait(world.erasure.list(10))->empty());
  CHECK(world.blob_count() == 3);
  CHECK(world.wait(world.erasure.plan("")).error().kind == ErrorKind::invalid);
}
