#include "tests/contract/call_store_contract.hpp"
#include "tests/contract/sample_rows.hpp"

#include <doctest/doctest.h>
#include <string>
#include <utility>

namespace earshot::contract {
namespace {

Result<void> commit(StoreUnderTest& store, Changes changes) {
  return store.run(store.calls().commit(std::move(changes)));
}

std::int64_t store_event(StoreUnderTest& store, InboundEvent event) {
  std::vector<InboundEvent> events;
  events.push_back(std::move(event));
  const auto stored = store.run(store.calls().store_events(std::move(events), at_second(0)));
  REQUIRE(stored.has_value());
  return stored->at(0).number;
}

template <class T>
T value_of(Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().message));
  return std::move(*result);
}

}  // namespace

void call_store_is_all_or_nothing(const StoreFactory& make) {
  const auto store = make();
  auto& calls = store->calls();
  REQUIRE(commit(*store, {.calls = {sample_call("c1")}}).has_value());
  Changes bad{.calls = {sample_call("c2")},
              .journal = {{{"c1"}, 0, at_second(1), "must not stay", "{}"}},
              .jobs = {{.kind = "k", .due = at_second(0)}}};
  ErrorKind expected = ErrorKind::conflict;

  SUBCASE("when a version has moved on") { bad.calls.push_back(sample_call("c1")); }
  SUBCASE("when a recording is of no call") {
    bad.recordings = {sample_recording("r1", "nobody")};
    expected = ErrorKind::not_found;
  }
  SUBCASE("when a chunk is of no recording") {
    bad.chunks = {sample_chunk("nothing", 0)};
    expected = ErrorKind::not_found;
  }
  SUBCASE("when a pause is of no recording") {
    bad.pauses = {{{"nothing"}, at_second(1), std::nullopt}};
    expected = ErrorKind::not_found;
  }
  SUBCASE("when a turn is of no call") {
    bad.turns = {sample_turn("nobody", "i")};
    expected = ErrorKind::not_found;
  }
  SUBCASE("when a verdict is of no call") {
    bad.verdicts = {sample_verdict("nobody", 1)};
    expected = ErrorKind::not_found;
  }
  SUBCASE("when a verdict's number is taken") {
    bad.verdicts = {sample_verdict("c1", 1), sample_verdict("c1", 1)};
  }
  SUBCASE("when an event does not wait") { bad.handled_events = {77}; }
  SUBCASE("when an event is named twice") {
    const auto number = store_event(*store, sample_event("e", "c1"));
    bad.handled_events = {number, number};
  }

  auto committed = commit(*store, bad);
  REQUIRE_FALSE(committed.has_value());
  CHECK(committed.error().kind == expected);
  CHECK_FALSE(store->run(calls.load_call({"c2"})).has_value());
  CHECK(value_of(store->run(calls.journal_of({"c1"}))).empty());
  CHECK_FALSE(value_of(store->run(store->jobs().next_due())).has_value());
}

}  // namespace earshot::contract
