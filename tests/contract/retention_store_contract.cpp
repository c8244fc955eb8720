#include "tests/contract/retention_store_contract.hpp"

#include "domain/imported_call.hpp"
#include "tests/contract/sample_rows.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <utility>

namespace earshot::contract {
namespace {

LegalHold hold(const std::string& id, const std::string& call, int second) {
  return {.id = {id},
          .call = {call},
          .who = "Ms Ito, legal",
          .why = "case 42",
          .since = at_second(second),
          .lifted_at = {},
          .lifted_by = {}};
}

template <class T>
T value(Result<T> result) {
  const std::string why = result ? "" : result.error().message;
  REQUIRE_MESSAGE(result.has_value(), why);
  return std::move(*result);
}

template <class T>
std::optional<ErrorKind> kind_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().kind);
}

std::string ids(const std::vector<Call>& calls) {
  std::string text;
  for (const auto& call : calls) text += call.id.text + " ";
  return text;
}

// Calls c1, c2 and c3, a second apart.
void store_calls(StoreUnderTest& store) {
  Changes changes;
  for (int i = 1; i <= 3; ++i) {
    auto call = sample_call("c" + std::to_string(i));
    call.received_at = at_second(i);
    changes.calls.push_back(std::move(call));
  }
  REQUIRE(store.run(store.calls().commit(std::move(changes))).has_value());
}

// All that can be kept of c1, and a turn and a number of c2.
void store_everything(StoreUnderTest& store) {
  Changes changes;
  changes.personal.push_back({{"c1"}, "4:+15550123", "4:+15550199", "Ann"});
  changes.personal.push_back({{"c2"}, "4:+15550123", "4:+15550199", "Ann"});
  changes.personal.push_back({{"c3"}, "4:+15550124", "4:+15550199", "Bob"});
  changes.recordings.push_back(sample_recording("r1", "c1"));
  changes.chunks.push_back(sample_chunk("r1", 0));
  changes.turns.push_back(sample_turn("c1", "i1"));
  changes.turns.push_back(sample_turn("c2", "i1"));
  REQUIRE(store.run(store.calls().commit(std::move(changes))).has_value());
  const Merge merge{.recording = {"r1"}, .number = 1, .requested_at = at_second(1)};
  REQUIRE(
      store.run(store.merges().add_merge(merge, {.kind = "k", .due = at_second(900)})).has_value());
}

std::int64_t rows_of(const std::vector<RowCount>& counts, const std::string& table) {
  const auto found = std::ranges::find(counts, table, &RowCount::table);
  return found == counts.end() ? 0 : found->rows;
}

const RowRemoval everything{.chunks = true, .merges = true, .texts = true, .personal = true};

}  // namespace

void holds_are_kept(const StoreFactory& make) {
  const auto store = make();
  store_calls(*store);
  auto& retention = store->retention();
  const auto listed = [&](HoldQuery query) {
    return value(store->run(retention.list_holds(std::move(query))));
  };

  SUBCASE("they come back newest first with every field") {
    REQUIRE(store->run(retention.add_hold(hold("h1", "c1", 10))).has_value());
    REQUIRE(store->run(retention.add_hold(hold("h2", "c2", 11))).has_value());
    CHECK(listed({}) == std::vector{hold("h2", "c2", 11), hold("h1", "c1", 10)});
    CHECK(listed({.call = {"c1"}}) == std::vector{hold("h1", "c1", 10)});
    CHECK(listed({.limit = 1}) == std::vector{hold("h2", "c2", 11)});
    CHECK(value(store->run(retention.is_held({"c1"}))));
    CHECK_FALSE(value(store->run(retention.is_held({"c3"}))));
  }
  SUBCASE("a call is held until the last of its holds is lifted") {
    REQUIRE(store->run(retention.add_hold(hold("h1", "c1", 10))).has_value());
    REQUIRE(store->run(retention.add_hold(hold("h2", "c1", 11))).has_value());
    const auto lifted = value(store->run(retention.lift_hold({"h1"}, "Mr Ono", at_second(20))));
    CHECK(lifted.lifted_at == at_second(20));
    CHECK(lifted.lifted_by == "Mr Ono");
    CHECK(value(store->run(retention.is_held({"c1"}))));
    REQUIRE(store->run(retention.lift_hold({"h2"}, "Mr Ono", at_second(21))).has_value());
    CHECK_FALSE(value(store->run(retention.is_held({"c1"}))));
    CHECK(listed({}).empty());
    CHECK(listed({.lifted_too = true}).size() == 2);
    const auto again = value(store->run(retention.lift_hold({"h1"}, "X", at_second(30))));
    CHECK(again.lifted_by == "Mr Ono");
  }
  SUBCASE("adding one and lifting it make its call due") {
    REQUIRE(store->run(retention.add_hold(hold("h1", "c2", 10))).has_value());
    CHECK(ids(value(store->run(retention.retention_due(at_second(10), 10)))) == "c2 ");
    REQUIRE(store->run(retention.settle_retention({.call = {"c2"}})).has_value());
    CHECK(value(store->run(retention.retention_due(at_second(99), 10))).empty());
    REQUIRE(store->run(retention.lift_hold({"h1"}, "x", at_second(20))).has_value());
    CHECK(ids(value(store->run(retention.retention_due(at_second(20), 10)))) == "c2 ");
  }
  SUBCASE("no row of a held call goes, and nothing else of that step is stored") {
    store_everything(*store);
    REQUIRE(store->run(retention.add_hold(hold("h1", "c1", 10))).has_value());
    RetentionOutcome outcome{.call = {"c1"}, .rows = {.texts = true}};
    outcome.journal.push_back(
        {.call = {"c1"}, .at = at_second(5), .type = "retention", .detail = "{}"});
    CHECK(kind_of(store->run(retention.settle_retention(outcome))) == ErrorKind::conflict);
    CHECK(value(store->run(store->calls().turns_of({"c1"}))).size() == 1);
    CHECK(value(store->run(store->calls().journal_of({"c1"}))).empty());
    Erasure erasure{.id = {"e1"}, .at = at_second(11), .caller_key = "abc", .finished_at = {}};
    const ErasedCall erased{.call = {"c1"}, .state = ErasureState::erased, .why = {}, .rows = {}};
    erasure.calls.push_back({.call = {"c1"}, .why = {}, .blobs = {}, .rows = {}});
    REQUIRE(store->run(retention.add_erasure(erasure, {.kind = "erase", .due = at_second(1)}))
                .has_value());
    CHECK(kind_of(store->run(retention.save_erased_call({"e1"}, erased, everything))) ==
          ErrorKind::conflict);
    CHECK(store->run(store->calls().load_personal({"c1"})).has_value());
    CHECK(value(store->run(retention.load_erasure({"e1"}))).calls.at(0).state ==
          ErasureState::waiting);
    outcome.rows = {};
    CHECK(value(store->run(retention.settle_retention(outcome))).empty());
    int steps = 0;
    while (value(store->run(retention.clear_search_index()))) REQUIRE(++steps < 100);
    REQUIRE(store->run(retention.lift_hold({"h1"}, "x", at_second(20))).has_value());
    outcome.rows = everything;
    CHECK(rows_of(value(store->run(retention.settle_retention(outcome))), "personal") == 1);
  }
  SUBCASE("of what is not there nothing is held or lifted") {
    CHECK(kind_of(store->run(retention.add_hold(hold("h1", "c9", 1)))) == ErrorKind::not_found);
    CHECK(kind_of(store->run(retention.lift_hold({"h9"}, "x", at_second(1)))) ==
          ErrorKind::not_found);
    CHECK(listed({.call = {std::string(70, 'x')}}).empty());
  }
}

void retention_goes_on_where_it_was(const StoreFactory& make) {
  const auto store = make();
  store_calls(*store);
  auto& retention = store->retention();

  SUBCASE("calls are walked through in their order, from a cursor that the rules own") {
    const auto first = value(store->run(retention.calls_after({}, at_second(3), 10)));
    CHECK(ids(first) == "c1 c2 ");
    CHECK(ids(value(store->run(retention.calls_after({}, at_second(9), 1)))) == "c1 ");
    const RetentionCursor cursor{.received_at = at_second(2), .call = {"c2"}};
    REQUIRE(store->run(retention.save_retention_cursor("a", cursor)).has_value());
    CHECK(value(store->run(retention.retention_cursor("a"))) == cursor);
    CHECK(ids(value(store->run(retention.calls_after(cursor, at_second(9), 10)))) == "c3 ");
    CHECK(value(store->run(retention.retention_cursor("b"))) == RetentionCursor{});
    REQUIRE(store->run(retention.save_retention_cursor("b", cursor)).has_value());
    CHECK(value(store->run(retention.retention_cursor("a"))) == RetentionCursor{});
  }
  SUBCASE("a verdict of another kind makes its call due, and so does an import's first") {
    const auto judge = [&](const std::string& call, int number, VerdictKind kind, int second) {
      Changes changes;
      changes.verdicts.push_back(
          {.call = {call}, .number = number, .at = at_second(second), .kind = kind});
      REQUIRE(store->run(store->calls().commit(std::move(changes))).has_value());
    };
    const auto due = [&](int second) {
      return ids(value(store->run(retention.retention_due(at_second(second), 10))));
    };
    judge("c1", 1, VerdictKind::complete, 5);
    judge("c1", 2, VerdictKind::complete, 6);
    CHECK(due(99).empty());
    REQUIRE(store->run(retention.settle_retention({.call = {"c1"}, .next_at = at_second(90)}))
                .has_value());
    judge("c1", 3, VerdictKind::gapped, 7);
    CHECK(due(6).empty());
    CHECK(due(7) == "c1 ");
    judge("c1", 4, VerdictKind::complete, 8);
    CHECK(due(7) == "c1 ");
    auto call = sample_call("c4");
    call.version = 0;
    call.ring_key = std::string(imported_ring_prefix) + "c4";
    Changes changes;
    changes.calls.push_back(std::move(call));
    changes.verdicts.push_back(
        {.call = {"c4"}, .number = 1, .at = at_second(9), .kind = VerdictKind::complete});
    REQUIRE(store->run(store->calls().commit(std::move(changes))).has_value());
    CHECK(due(9) == "c1 c4 ");
  }
  SUBCASE("what is settled is reminded of, or not, in one step with its journal") {
    RetentionOutcome outcome{.call = {"c2"}, .next_at = at_second(50)};
    outcome.journal.push_back(
        {.call = {"c2"}, .at = at_second(5), .type = "retention", .detail = "{}"});
    REQUIRE(store->run(retention.settle_retention(outcome)).has_value());
    CHECK(value(store->run(store->calls().journal_of({"c2"}))).size() == 1);
    CHECK(value(store->run(retention.retention_due(at_second(49), 10))).empty());
    CHECK(ids(value(store->run(retention.retention_due(at_second(50), 10)))) == "c2 ");
    const RetentionOutcome earlier{.call = {"c1"}, .next_at = at_second(40)};
    REQUIRE(store->run(retention.settle_retention(earlier)).has_value());
    CHECK(ids(value(store->run(retention.retention_due(at_second(50), 10)))) == "c1 c2 ");
    CHECK(ids(value(store->run(retention.retention_due(at_second(50), 1)))) == "c1 ");
    REQUIRE(store->run(retention.settle_retention({.call = {"c2"}})).has_value());
    CHECK(ids(value(store->run(retention.retention_due(at_second(50), 10)))) == "c1 ");
    CHECK(kind_of(store->run(retention.settle_retention({.call = {"c9"}}))) ==
          ErrorKind::not_found);
  }
  SUBCASE("rows go as far as is said, and those of other calls stay") {
    store_everything(*store);
    RetentionOutcome outcome{.call = {"c1"}, .rows = {.texts = true}};
    const auto counts = value(store->run(retention.settle_retention(outcome)));
    CHECK(rows_of(counts, "turns") == 1);
    CHECK(rows_of(counts, "chunks") == 0);
    CHECK(value(store->run(store->calls().turns_of({"c1"}))).empty());
    CHECK(value(store->run(store->calls().turns_of({"c2"}))).size() == 1);
    CHECK(value(store->run(store->calls().chunks_of({"r1"}))).size() == 1);
    outcome.rows = everything;
    const auto rest = value(store->run(retention.settle_retention(outcome)));
    CHECK(rows_of(rest, "chunks") == 1);
    CHECK(rows_of(rest, "merges") == 1);
    CHECK(rows_of(rest, "personal") == 1);
    CHECK(value(store->run(store->calls().chunks_of({"r1"}))).empty());
    CHECK(kind_of(store->run(store->calls().load_personal({"c1"}))) == ErrorKind::not_found);
    CHECK(store->run(store->calls().load_personal({"c2"})).has_value());
    CHECK(value(store->run(store->calls().recordings_of({"c1"}))).size() == 1);
    CHECK(value(store->run(retention.settle_retention(outcome))).empty());
  }
  SUBCASE("a call that nobody answered is walked through, and loses its numbers and its ring") {
    auto ring = sample_incoming_call("e1");
    Call missed{.id = {"c4"}, .phase = CallPhase::not_answered, .ring_key = "ring/c4"};
    missed.correlation_id = std::get<IncomingCall>(ring.body).correlation_id;
    missed.received_at = at_second(4);
    ring.raw.insert(1, R"("correlationId":")" + missed.correlation_id.text + R"(",)");
    Changes changes;
    changes.calls.push_back(missed);
    changes.personal.push_back({{"c4"}, "4:+15550100", "4:+15550101", "Ada Example"});
    REQUIRE(store->run(store->calls().commit(std::move(changes))).has_value());
    REQUIRE(store->run(store->calls().store_events({ring}, at_second(4))).has_value());

    CHECK(ids(value(store->run(retention.calls_after({}, at_second(9), 10)))) == "c1 c2 c3 c4 ");
    const RetentionOutcome outcome{.call = {"c4"}, .rows = {.personal = true}};
    const auto counts = value(store->run(retention.settle_retention(outcome)));
    CHECK(rows_of(counts, "personal") == 1);
    CHECK(rows_of(counts, "journal_raw") == 1);
    CHECK(kind_of(store->run(store->calls().load_personal({"c4"}))) == ErrorKind::not_found);
    CHECK(value(store->run(store->calls().load_call({"c4"}))).phase == CallPhase::not_answered);
    CHECK(value(store->run(retention.calls_of_caller("4:+15550100", 10))).empty());
  }
  SUBCASE("raw bodies of a call's events go with its numbers") {
    Call call = sample_call("c4");
    auto ring = sample_incoming_call("e1");
    call.correlation_id = std::get<IncomingCall>(ring.body).correlation_id;
    call.received_at = at_second(4);
    Changes changes;
    changes.calls.push_back(call);
    REQUIRE(store->run(store->calls().commit(std::move(changes))).has_value());
    ring.raw.insert(1, R"("correlationId":")" + call.correlation_id.text + R"(",)");
    auto own = sample_event("e2", "c4");
    own.raw = "{}";
    auto other = sample_event("e3", "c1");
    other.raw = "{}";
    REQUIRE(store->run(store->calls().store_events({ring, own, other}, at_second(5))).has_value());
    const auto counts =
        value(store->run(retention.settle_retention({.call = {"c4"}, .rows = {.personal = true}})));
    CHECK(rows_of(counts, "journal_raw") == 2);
  }
}

void erasures_are_kept(const StoreFactory& make) {
  const auto store = make();
  store_calls(*store);
  store_everything(*store);
  auto& retention = store->retention();
  Erasure erasure{.id = {"e1"}, .at = at_second(100), .caller_key = "abc", .finished_at = {}};
  erasure.calls.push_back({.call = {"c1"}, .why = {}, .blobs = {}, .rows = {}});
  erasure.calls.push_back(
      {.call = {"c2"}, .state = ErasureState::refused, .why = "held", .blobs = {}, .rows = {}});
  const NewJob job{.kind = "erase", .subject = "e1", .due = at_second(1)};

  SUBCASE("a caller's calls are found by the number as it is stored") {
    const auto calls = value(store->run(retention.calls_of_caller("4:+15550123", 10)));
    CHECK(calls == std::vector<ContextId>{{"c1"}, {"c2"}});
    CHECK(value(store->run(retention.calls_of_caller("4:+15550123", 1))).size() == 1);
    CHECK(value(store->run(retention.calls_of_caller("4:+1555012", 10))).empty());
    CHECK(value(store->run(retention.calls_of_caller("", 10))).empty());
  }
  SUBCASE("an erasure and its job are stored together, and come back whole") {
    REQUIRE(store->run(retention.add_erasure(erasure, job)).has_value());
    CHECK(value(store->run(retention.load_erasure({"e1"}))) == erasure);
    const auto leased = value(store->run(store->jobs().lease("me", at_second(2), at_second(9))));
    REQUIRE(leased.has_value());
    CHECK(leased->subject == "e1");
    auto later = erasure;
    later.id = {"e2"};
    later.at = at_second(101);
    REQUIRE(store->run(retention.add_erasure(later, {.kind = "erase", .due = at_second(1)}))
                .has_value());
    const auto all = value(store->run(retention.list_erasures(10)));
    REQUIRE(all.size() == 2);
    CHECK(all[0].id.text == "e2");
    CHECK(value(store->run(retention.list_erasures(1))).size() == 1);
    CHECK(kind_of(store->run(retention.load_erasure({"e9"}))) == ErrorKind::not_found);
  }
  SUBCASE("a call's rows go in the step that says so, and are counted") {
    REQUIRE(store->run(retention.add_erasure(erasure, job)).has_value());
    ErasedCall call{.call = {"c1"}, .state = ErasureState::erasing, .why = {}, .rows = {}};
    call.blobs = {{.name = "a b/\nc",
                   .bytes = 5'000'000'000,
                   .etag = "0x1",
                   .sha256 = "ab12",
                   .hash_note = "manifest"},
                  {.name = "d", .bytes = 0, .etag = "", .hash_note = "it was in the archive"}};
    call.left = {"20260302/a/b/notes of Ann\n.txt", "20260302/a/b/2.flac"};
    CHECK(value(store->run(retention.save_erased_call({"e1"}, call, {}))) == call);
    CHECK(value(store->run(retention.load_erasure({"e1"}))).calls.at(0) == call);
    CHECK(store->run(store->calls().load_personal({"c1"})).has_value());
    call.state = ErasureState::erased;
    const auto saved = value(store->run(retention.save_erased_call({"e1"}, call, everything)));
    CHECK(rows_of(saved.rows, "personal") == 1);
    CHECK(saved.blobs == call.blobs);
    CHECK(kind_of(store->run(store->calls().load_personal({"c1"}))) == ErrorKind::not_found);
    CHECK(value(store->run(retention.erasure_receipt({"e1"}))).empty());
    const std::string signed_text = "{\"id\":\"e1\"}\n";
    REQUIRE(
        store->run(retention.finish_erasure({"e1"}, at_second(105), signed_text, {})).has_value());
    CHECK(value(store->run(retention.erasure_receipt({"e1"}))) == signed_text);
    CHECK(kind_of(store->run(retention.erasure_receipt({"e9"}))) == ErrorKind::not_found);
    CHECK(kind_of(store->run(retention.finish_erasure({"e9"}, at_second(105), "", {}))) ==
          ErrorKind::not_found);
    const auto receipt = value(store->run(retention.load_erasure({"e1"})));
    CHECK(receipt.finished_at == at_second(105));
    CHECK(receipt.calls.at(0) == saved);
    CHECK(receipt.calls.at(1).why == "held");
  }
}

}  // namespace earshot::contract
