#include "tests/contract/retention_store_contract.hpp"
#include "tests/contract/sample_rows.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <utility>

namespace earshot::contract {
namespace {

const RowRemoval everything{.chunks = true, .merges = true, .texts = true, .personal = true};
const NewJob erasing{.kind = "erase", .due = at_second(1)};

template <class T>
T value(Result<T> result) {
  const std::string why = result ? "" : result.error().message;
  REQUIRE_MESSAGE(result.has_value(), why);
  return std::move(*result);
}

// Two calls, the first with all that is kept of one, and an erasure of it that is asked for.
class ErasedStore {
 public:
  explicit ErasedStore(std::unique_ptr<StoreUnderTest> store) : store_(std::move(store)) {
    Changes changes;
    for (const auto* id : {"c1", "c2"}) {
      changes.calls.push_back(sample_call(id));
      changes.personal.push_back({{id}, "4:+15550123", "4:+15550199", "Ann"});
      changes.recordings.push_back(sample_recording(std::string("r-") + id, id));
      changes.turns.push_back(sample_turn(id, "i1"));
    }
    changes.file_locations.push_back({.recording = {"r-c1"}, .told_at = at_second(8)});
    REQUIRE(commit(std::move(changes)).has_value());
    REQUIRE(store_->run(store_->merges().add_merge(merge(1), {.kind = "m", .due = at_second(900)}))
                .has_value());
    Erasure erasure{.id = {"e1"}, .at = at_second(200), .caller_key = "abc", .finished_at = {}};
    erasure.calls.push_back({.call = {"c1"}});
    REQUIRE(run(retention().add_erasure(erasure, erasing)).has_value());
  }
  template <class T>
  T run(Task<T> task) {
    return store_->run(std::move(task));
  }
  RetentionStore& retention() { return store_->retention(); }
  CallStore& calls() { return store_->calls(); }
  StoreUnderTest& all() { return *store_; }
  Result<void> commit(Changes changes) { return run(calls().commit(std::move(changes))); }
  static Merge merge(int number) {
    return {.recording = {"r-c1"}, .number = number, .requested_at = at_second(1)};
  }
  Result<ErasedCall> save(ErasureState state, RowRemoval rows, const std::string& erasure = "e1") {
    const ErasedCall call{.call = {"c1"}, .state = state};
    return run(retention().save_erased_call({erasure}, call, rows));
  }
  bool is_erasing(const std::string& call) { return value(run(calls().load_call({call}))).erasing; }
  std::optional<WallTime> erased_at(const std::string& call) {
    return value(run(calls().load_call({call}))).erased_at;
  }

 private:
  std::unique_ptr<StoreUnderTest> store_;
};

bool is_too_late(const Result<void>& result) { return !result && is_call_erased(result.error()); }

bool is_too_early(const Result<void>& result) {
  return !result && is_call_erasing(result.error()) && result.error().kind == ErrorKind::conflict;
}

// One of each that a late writer could bring, all of that call.
std::vector<Changes> late_changes(const std::string& call) {
  const std::string recording = "r-" + call;
  std::vector<Changes> all(7);
  all[0].personal.push_back({{call}, "4:+15550123", "", ""});
  all[1].turns.push_back(sample_turn(call, "i2"));
  all[2].downlinks.push_back({.call = {call}, .at = at_second(1)});
  all[3].verdicts.push_back(sample_verdict(call, 1));
  all[4].chunks.push_back(sample_chunk(recording, 1));
  all[5].file_locations.push_back({.recording = {recording}, .told_at = at_second(9)});
  all[6].discoveries.push_back({.recording = {recording}, .discovery = Discovery::found});
  return all;
}

}  // namespace

void erased_calls_stay_erased(const StoreFactory& make) {
  ErasedStore store(make());

  SUBCASE("from the beginning of its erasure nothing of what was said is taken any more") {
    CHECK_FALSE(store.erased_at("c1").has_value());
    REQUIRE(store.save(ErasureState::erasing, {}).has_value());
    CHECK(store.erased_at("c1") == at_second(200));
    CHECK(store.is_erasing("c1"));
    CHECK_FALSE(store.erased_at("c2").has_value());
    CHECK_FALSE(store.is_erasing("c2"));
    for (auto& changes : late_changes("c1")) {
      auto with_note = changes;
      with_note.journal.push_back({.call = {"c1"}, .at = at_second(5), .type = "late"});
      CHECK(is_too_early(store.commit(std::move(with_note))));
    }
    CHECK(value(store.run(store.calls().journal_of({"c1"}))).empty());
    for (auto& changes : late_changes("c2")) CHECK(store.commit(std::move(changes)).has_value());
    CHECK(is_too_early(store.run(store.all().files().save_fetch({.recording = {"r-c1"}}))));
    CHECK(is_too_early(store.run(store.all().merges().save_merge(ErasedStore::merge(1)))));
    CHECK(is_too_early(
        store.run(store.all().merges().add_merge(ErasedStore::merge(2), {.kind = "m"}))));
  }
  SUBCASE("once it is erased, whoever comes is told so, also during a later look") {
    REQUIRE(store.save(ErasureState::erased, everything).has_value());
    CHECK_FALSE(store.is_erasing("c1"));
    for (auto& changes : late_changes("c1")) CHECK(is_too_late(store.commit(std::move(changes))));
    Erasure look{.id = {"e2"}, .at = at_second(300), .caller_key = "abc", .finished_at = {}};
    look.calls.push_back({.call = {"c1"}});
    REQUIRE(store.run(store.retention().add_erasure(look, erasing)).has_value());
    REQUIRE(store.save(ErasureState::erasing, {}, "e2").has_value());
    CHECK_FALSE(store.is_erasing("c1"));
    CHECK(is_too_late(store.commit(std::move(late_changes("c1")[1]))));
  }
  SUBCASE("an event that comes meanwhile keeps its body until it is known what becomes of it") {
    REQUIRE(store.save(ErasureState::erasing, {}).has_value());
    auto event = sample_event("late", "c1");
    event.raw = R"({"caller":"4:+15550123"})";
    REQUIRE(store.run(store.calls().store_events({event}, at_second(400))).has_value());
    CHECK_FALSE(value(store.run(store.calls().unhandled_events(10))).at(0).event.raw.empty());
    REQUIRE(store.save(ErasureState::erased, everything).has_value());
    CHECK(value(store.run(store.calls().unhandled_events(10))).at(0).event.raw.empty());
  }
  SUBCASE("a call that is erased, or is being so, is not asked for to be judged") {
    auto call = value(store.run(store.calls().load_call({"c1"})));
    call.phase = CallPhase::ended;
    call.answered_at.reset();
    call.connected_at = at_second(3);
    call.ended_at = at_second(60);
    REQUIRE(store.commit({.calls = {call}}).has_value());
    const UnjudgedQuery query{.received_since = at_second(0), .ended_before = at_second(1000)};
    const auto is_unjudged = [&] {
      const auto found = value(store.run(store.calls().unjudged_calls(query)));
      return std::ranges::find(found, call.id, &Call::id) != found.end();
    };
    CHECK(is_unjudged());
    REQUIRE(store.save(ErasureState::erasing, {}).has_value());
    CHECK_FALSE(is_unjudged());
    REQUIRE(store.save(ErasureState::erased, everything).has_value());
    CHECK_FALSE(is_unjudged());
  }
  SUBCASE("what holds nothing personal is still written, and leaves the mark") {
    REQUIRE(store.save(ErasureState::erased, everything).has_value());
    auto call = value(store.run(store.calls().load_call({"c1"})));
    call.end_code = 7;
    call.erased_at.reset();
    Changes changes;
    changes.calls.push_back(call);
    changes.recordings.push_back(sample_recording("r-c1", "c1"));
    changes.journal.push_back({.call = {"c1"}, .at = at_second(5), .type = "late"});
    REQUIRE(store.commit(std::move(changes)).has_value());
    CHECK(store.erased_at("c1") == at_second(200));
    CHECK(value(store.run(store.calls().journal_of({"c1"}))).size() == 1);
  }
  SUBCASE("what lies in its folders is nobody else's recording") {
    Changes changes;
    changes.calls.push_back(sample_call("c3"));
    changes.recordings.push_back(sample_recording("imported", "c3"));
    changes.recordings.back().folder = "20260302/of/c1/";
    auto moved = changes;
    Recording known = sample_recording("r-c1-2", "c1");
    known.folder = "20260302/of/c1/";
    REQUIRE(store.commit({.recordings = {known}}).has_value());
    REQUIRE(store.save(ErasureState::erased, everything).has_value());
    CHECK(is_too_late(store.commit(std::move(changes))));
    moved.recordings.back().folder = "20260302/of/c3/";
    CHECK(store.commit(std::move(moved)).has_value());
  }
  SUBCASE("a call that is refused after all is as it was, unless another erasure erased it") {
    REQUIRE(store.save(ErasureState::erasing, {}).has_value());
    REQUIRE(store.save(ErasureState::refused, {}).has_value());
    CHECK_FALSE(store.erased_at("c1").has_value());
    CHECK_FALSE(store.is_erasing("c1"));
    CHECK(store.commit(std::move(late_changes("c1")[1])).has_value());
    REQUIRE(store.save(ErasureState::erased, everything).has_value());
    Erasure later{.id = {"e2"}, .at = at_second(300), .caller_key = "abc", .finished_at = {}};
    later.calls.push_back({.call = {"c1"}});
    REQUIRE(store.run(store.retention().add_erasure(later, erasing)).has_value());
    REQUIRE(store.save(ErasureState::refused, {}, "e2").has_value());
    CHECK(store.erased_at("c1") == at_second(200));
  }
  SUBCASE("a late event keeps no body, neither one to the call's address nor one that is dropped") {
    REQUIRE(store.save(ErasureState::erased, everything).has_value());
    auto own = sample_event("late", "c1");
    own.raw = R"({"caller":"4:+15550123"})";
    auto unaddressed = sample_event("file", "");
    unaddressed.raw = R"({"location":"https://somewhere"})";
    const auto stored =
        value(store.run(store.calls().store_events({own, unaddressed}, at_second(400))));
    const auto waiting = value(store.run(store.calls().unhandled_events(10)));
    REQUIRE(waiting.size() == 2);
    CHECK(waiting[0].event.raw.empty());
    CHECK_FALSE(waiting[1].event.raw.empty());
    Changes changes;
    changes.dropped_events = {stored[0].number, stored[1].number};
    REQUIRE(store.commit(changes).has_value());
    CHECK(value(store.run(store.calls().unhandled_events(10))).empty());
    CHECK_FALSE(store.commit(changes).has_value());
  }
  SUBCASE("an erasure is finished once, together with the looks that follow") {
    REQUIRE(store.save(ErasureState::erased, everything).has_value());
    Erasure look{.id = {"e1-2"},
                 .number = 2,
                 .adds_to = {"e1"},
                 .at = at_second(4000),
                 .caller_key = "abc",
                 .finished_at = {}};
    look.calls.push_back({.call = {"c1"}});
    const PlannedErasure planned{look, {.kind = "look", .subject = "e1-2", .due = at_second(0)}};
    auto& retention = store.retention();
    REQUIRE(store.run(retention.finish_erasure({"e1"}, at_second(205), "signed", {planned}))
                .has_value());
    REQUIRE(store.run(retention.finish_erasure({"e1"}, at_second(206), "other", {planned}))
                .has_value());
    CHECK(value(store.run(retention.erasure_receipt({"e1"}))) == "signed");
    CHECK(value(store.run(retention.load_erasure({"e1"}))).finished_at == at_second(205));
    CHECK(value(store.run(retention.load_erasure({"e1-2"}))) == look);
    std::vector<std::string> kinds;
    while (auto job = value(store.run(store.all().jobs().lease("me", at_second(2), at_second(9)))))
      kinds.push_back(job->kind);
    CHECK(std::ranges::count(kinds, "look") == 1);
  }
}

}  // namespace earshot::contract
