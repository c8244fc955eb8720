#include "tests/contract/call_facts_contract.hpp"

#include "tests/contract/sample_rows.hpp"

#include <doctest/doctest.h>
#include <utility>

namespace earshot::contract {
namespace {

Call call_at(const std::string& id, int second, std::string resource = "weu") {
  Call call{.id = {id}, .phase = CallPhase::ended, .ring_key = "ring/" + id};
  call.resource = std::move(resource);
  call.received_at = at_second(second);
  return call;
}

std::vector<CallFacts> list(StoreUnderTest& store, CallFactsQuery query) {
  auto facts = store.run(store.facts().call_facts(std::move(query)));
  REQUIRE_MESSAGE(facts.has_value(), (facts ? std::string() : facts.error().message));
  return std::move(*facts);
}
std::vector<CallFacts> all(StoreUnderTest& store) {
  return list(store, {.from = at_second(-100), .to = at_second(1'000)});
}

std::string ids_of(const std::vector<CallFacts>& facts) {
  std::string ids;
  for (const auto& one : facts) ids += one.call.text + " ";
  return ids;
}

void commit(StoreUnderTest& store, Changes changes) {
  REQUIRE(store.run(store.calls().commit(std::move(changes))).has_value());
}

}  // namespace

void call_facts_are_listed(const StoreFactory& make) {
  auto store = make();

  SUBCASE("each fact of a call is its own") {
    auto recording = sample_recording("r1", "c1");
    auto failed = sample_recording("r2", "c1");
    failed.phase = RecordingPhase::failed;
    Changes changes;
    changes.calls = {sample_call("c1")};
    changes.recordings = {recording, failed};
    changes.verdicts = {sample_verdict("c1", 1)};
    commit(*store, std::move(changes));

    const auto facts = all(*store);
    REQUIRE(facts.size() == 1);
    const auto sample = sample_verdict("c1", 1);
    CHECK(facts[0] == CallFacts{.call = {"c1"},
                                .received_at = at_second(0),
                                .resource = "resource one",
                                .phase = CallPhase::connected,
                                .connected = true,
                                .end_code = 200,
                                .end_sub_code = 560000,
                                .recording_starts = 2,
                                .recordings_started = 1,
                                .verdict = sample.kind,
                                .present = sample.numbers.present,
                                .start_delay = sample.numbers.start_delay,
                                .chunks = sample.numbers.chunks});
  }
  SUBCASE("a call that was never connected or judged has nothing of a verdict") {
    commit(*store, {.calls = {call_at("c1", 0)}});

    const auto facts = all(*store);
    REQUIRE(facts.size() == 1);
    CHECK_FALSE(facts[0].connected);
    CHECK_FALSE(facts[0].verdict.has_value());
    CHECK(facts[0].chunks == 0);
  }
  SUBCASE("the newest verdict is the one that counts") {
    Changes changes;
    changes.calls = {call_at("c1", 0), call_at("c2", 1)};
    auto first = sample_verdict("c1", 1);
    first.kind = VerdictKind::missing;
    auto second = sample_verdict("c1", 2);
    second.kind = VerdictKind::complete;
    second.numbers.chunks = 7;
    changes.verdicts = {first, second};
    commit(*store, std::move(changes));

    const auto facts = all(*store);
    REQUIRE(facts.size() == 2);
    CHECK(facts[0].verdict == VerdictKind::complete);
    CHECK(facts[0].chunks == 7);
    CHECK_FALSE(facts[1].verdict.has_value());
  }
  SUBCASE("calls come oldest first, within the times asked for") {
    commit(*store, {.calls = {call_at("c3", 30), call_at("c1", 10), call_at("c2", 20)}});

    CHECK(ids_of(list(*store, {.from = at_second(10), .to = at_second(30)})) == "c1 c2 ");
    CHECK(ids_of(all(*store)) == "c1 c2 c3 ");
  }
  SUBCASE("pages follow each other without a call twice or left out, also of the same instant") {
    commit(*store, {.calls = {call_at("c1", 10), call_at("c3", 20), call_at("c2", 20),
                              call_at("c4", 20), call_at("c5", 30)}});

    CallFactsQuery query{.from = at_second(0), .to = at_second(100)};
    query.limit = 2;
    std::string ids;
    for (int page = 0; page < 4; ++page) {
      const auto facts = list(*store, query);
      if (facts.empty()) break;
      ids += ids_of(facts) + "| ";
      query.after_received_at = facts.back().received_at;
      query.after = facts.back().call;
    }
    CHECK(ids == "c1 c2 | c3 c4 | c5 | ");
  }
}

}  // namespace earshot::contract
