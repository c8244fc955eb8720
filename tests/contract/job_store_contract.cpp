#include "tests/contract/job_store_contract.hpp"

#include "tests/contract/sample_rows.hpp"

#include <doctest/doctest.h>
#include <utility>

namespace earshot::contract {
namespace {

void add(StoreUnderTest& store, NewJob job) {
  Changes changes;
  changes.jobs.push_back(std::move(job));
  REQUIRE(store.run(store.calls().commit(std::move(changes))).has_value());
}

std::optional<Job> lease(StoreUnderTest& store, const std::string& runner, int now, int until) {
  auto leased = store.run(store.jobs().lease(runner, at_second(now), at_second(until)));
  REQUIRE(leased.has_value());
  return std::move(*leased);
}

std::optional<WallTime> next_due(StoreUnderTest& store) {
  auto due = store.run(store.jobs().next_due());
  REQUIRE(due.has_value());
  return *due;
}

void check_lost(const Result<void>& result) {
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().kind == ErrorKind::conflict);
}

}  // namespace

void job_store_leases(const StoreFactory& make) {
  const auto store = make();
  auto& jobs = store->jobs();

  SUBCASE("a job comes back with every field") {
    add(*store, {.kind = "discover_recording",
                 .subject = "r1",
                 .payload = "{\"a\":\"\\u00e4\"}",
                 .due = at_second(1),
                 .deadline = at_second(500),
                 .unique_key = "discover/r1"});
    const auto job = lease(*store, "one", 2, 60);
    REQUIRE(job.has_value());
    CHECK_FALSE(job->id.empty());
    CHECK(job->kind == "discover_recording");
    CHECK(job->subject == "r1");
    CHECK(job->payload == "{\"a\":\"\\u00e4\"}");
    CHECK(job->attempts == 0);
    CHECK(job->due == at_second(1));
    CHECK(job->deadline == at_second(500));
    CHECK(job->leased_until == at_second(60));
  }
  SUBCASE("the job that waits longest comes first, one that is not due not at all") {
    add(*store, {.kind = "later", .due = at_second(20)});
    add(*store, {.kind = "second", .due = at_second(10)});
    add(*store, {.kind = "first", .due = at_second(5)});
    CHECK(next_due(*store) == at_second(5));
    CHECK(lease(*store, "one", 10, 60)->kind == "first");
    CHECK(lease(*store, "two", 10, 60)->kind == "second");
    CHECK_FALSE(lease(*store, "three", 10, 60).has_value());
    CHECK(next_due(*store) == at_second(20));
  }
  SUBCASE("a job has one runner, until its lease runs out") {
    add(*store, {.kind = "k", .due = at_second(0)});
    const auto first = lease(*store, "one", 0, 30);
    REQUIRE(first.has_value());
    CHECK_FALSE(lease(*store, "two", 29, 60).has_value());
    CHECK_FALSE(next_due(*store).has_value());
    const auto second = lease(*store, "two", 30, 90);
    REQUIRE(second.has_value());
    CHECK(second->id == first->id);
    CHECK(second->attempts == 1);
    check_lost(store->run(jobs.extend(first->id, "one", at_second(99))));
    check_lost(store->run(jobs.complete(first->id, "one")));
    check_lost(store->run(jobs.retry(first->id, "one", at_second(5), "x", "")));
    check_lost(store->run(jobs.give_up(first->id, "one", "x")));
    CHECK(store->run(jobs.complete(first->id, "two")).has_value());
    check_lost(store->run(jobs.complete(first->id, "two")));
  }
  SUBCASE("an extended lease holds") {
    add(*store, {.kind = "k", .due = at_second(0)});
    const auto job = lease(*store, "one", 0, 30);
    REQUIRE(store->run(jobs.extend(job->id, "one", at_second(60))).has_value());
    CHECK_FALSE(lease(*store, "two", 59, 90).has_value());
    CHECK(lease(*store, "two", 60, 90).has_value());
  }
  SUBCASE("a retry waits for its time, with its error and, if given, a new payload") {
    add(*store, {.kind = "k", .payload = "{\"old\":1}", .due = at_second(0)});
    auto job = lease(*store, "one", 0, 30);
    REQUIRE(store->run(jobs.retry(job->id, "one", at_second(10), "Blob said 503", "")).has_value());
    CHECK(next_due(*store) == at_second(10));
    CHECK_FALSE(lease(*store, "one", 9, 30).has_value());
    job = lease(*store, "one", 10, 30);
    REQUIRE(job.has_value());
    CHECK(job->attempts == 1);
    CHECK(job->last_error == "Blob said 503");
    CHECK(job->payload == "{\"old\":1}");
    REQUIRE(store->run(jobs.retry(job->id, "one", at_second(20), "again", "{}")).has_value());
    job = lease(*store, "one", 20, 30);
    REQUIRE(job.has_value());
    CHECK(job->attempts == 2);
    CHECK(job->payload == "{}");
  }
  SUBCASE("a job that nobody knows is a lost lease") {
    check_lost(store->run(jobs.complete({"nothing"}, "one")));
    check_lost(store->run(jobs.extend({std::string("a\0b", 3)}, "one", at_second(1))));
  }
}

void job_store_adds_unique_work_once(const StoreFactory& make) {
  const auto store = make();
  auto& jobs = store->jobs();
  const NewJob unique{.kind = "k", .payload = "first", .due = at_second(0), .unique_key = "key"};
  auto second = unique;
  second.payload = "second";
  add(*store, unique);

  SUBCASE("while it waits") {
    add(*store, second);
    CHECK(lease(*store, "one", 0, 30)->payload == "first");
    CHECK_FALSE(lease(*store, "one", 0, 30).has_value());
  }
  SUBCASE("while it runs") {
    lease(*store, "one", 0, 30);
    add(*store, second);
    CHECK_FALSE(lease(*store, "one", 0, 30).has_value());
  }
  SUBCASE("but again when it is done") {
    const auto job = lease(*store, "one", 0, 30);
    REQUIRE(store->run(jobs.complete(job->id, "one")).has_value());
    add(*store, second);
    CHECK(lease(*store, "one", 0, 30)->payload == "second");
  }
  SUBCASE("and again when it was given up") {
    const auto job = lease(*store, "one", 0, 30);
    REQUIRE(store->run(jobs.give_up(job->id, "one", "no use")).has_value());
    add(*store, second);
    CHECK(lease(*store, "one", 0, 30)->payload == "second");
  }
  SUBCASE("while jobs without a key are always added") {
    add(*store, {.kind = "a", .due = at_second(-2)});
    add(*store, {.kind = "a", .due = at_second(-1)});
    CHECK(lease(*store, "one", 0, 30)->kind == "a");
    CHECK(lease(*store, "one", 0, 30)->kind == "a");
  }
}

void job_store_keeps_what_was_given_up(const StoreFactory& make) {
  const auto store = make();
  auto& jobs = store->jobs();
  add(*store, {.kind = "k", .subject = "s", .due = at_second(0)});
  const auto job = lease(*store, "one", 0, 30);
  REQUIRE(store->run(jobs.give_up(job->id, "one", "deadline passed")).has_value());
  CHECK_FALSE(lease(*store, "one", 1000, 2000).has_value());
  CHECK_FALSE(next_due(*store).has_value());
  auto given_up = store->run(jobs.given_up(10));
  REQUIRE(given_up.has_value());
  REQUIRE(given_up->size() == 1);
  CHECK(given_up->front().subject == "s");
  CHECK(given_up->front().last_error == "deadline passed");
  auto none = store->run(jobs.given_up(0));
  REQUIRE(none.has_value());
  CHECK(none->empty());
}

}  // namespace earshot::contract
