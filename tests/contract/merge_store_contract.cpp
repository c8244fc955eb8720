#include "tests/contract/merge_store_contract.hpp"

#include "tests/contract/sample_rows.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <utility>

namespace earshot::contract {
namespace {

Merge sample_merge(int number) {
  return {.recording = {"r1"},
          .number = number,
          .source = "repaired",
          .channels = "caller",
          .etag = "\"abc\"",
          .state = MergeState::done,
          .requested_at = at_second(1),
          .started_at = at_second(2),
          .finished_at = at_second(3),
          .bytes_done = 5'000'000'000,
          .bytes_total = 6'000'000'000,
          .attempts = 2,
          .error = "storage was away",
          .blob = {"folder/merged-1.wav"},
          .content_type = "audio/wav",
          .format = {.sample_rate_hz = 16'000, .channels = 2, .bits_per_sample = 16},
          .sha256 = "cc"};
}

NewJob job_of(const Merge& merge) {
  return {.kind = "merge",
          .subject = merge.recording.text,
          .payload = std::to_string(merge.number),
          .due = at_second(1)};
}

std::string describe(const Merge& merge) {
  const auto time = [](const std::optional<WallTime>& at) { return at ? to_iso8601(*at) : "-"; };
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}",
                     merge.recording.text, merge.number, merge.source, merge.channels, merge.etag,
                     static_cast<int>(merge.state), to_iso8601(merge.requested_at),
                     time(merge.started_at), time(merge.finished_at), merge.bytes_done,
                     merge.bytes_total, merge.attempts, merge.error, merge.blob.text,
                     merge.content_type, merge.format.sample_rate_hz, merge.format.channels,
                     merge.format.bits_per_sample, merge.sha256);
}

Result<void> add(StoreUnderTest& store, const Merge& merge) {
  return store.run(store.merges().add_merge(merge, job_of(merge)));
}

std::vector<Merge> merges(StoreUnderTest& store, const char* recording = "r1") {
  auto found = store.run(store.merges().merges_of({recording}));
  REQUIRE(found.has_value());
  return std::move(*found);
}

}  // namespace

void merges_are_kept(const StoreFactory& make) {
  const auto store = make();
  Changes call;
  call.calls.push_back(sample_call("c1"));
  call.recordings.push_back(sample_recording("r1", "c1"));
  REQUIRE(store->run(store->calls().commit(std::move(call))).has_value());

  SUBCASE("they come back by number with every field, and their jobs are due") {
    REQUIRE(add(*store, sample_merge(2)).has_value());
    REQUIRE(add(*store, sample_merge(1)).has_value());
    const auto found = merges(*store);
    REQUIRE(found.size() == 2);
    CHECK(describe(found[0]) == describe(sample_merge(1)));
    CHECK(describe(found[1]) == describe(sample_merge(2)));
    CHECK(merges(*store, "r2").empty());
    const auto one = store->run(store->merges().find_merge({"r1"}, 2));
    REQUIRE(one.has_value());
    REQUIRE(one->has_value());
    CHECK(describe(**one) == describe(sample_merge(2)));
    CHECK_FALSE(store->run(store->merges().find_merge({"r1"}, 3))->has_value());
    const auto job = store->run(store->jobs().lease("me", at_second(1), at_second(9)));
    REQUIRE(job.has_value());
    REQUIRE(job->has_value());
    CHECK((*job)->subject == "r1");
  }
  SUBCASE("progress replaces all but what was asked for and when") {
    REQUIRE(add(*store, sample_merge(1)).has_value());
    auto next = sample_merge(1);
    next.state = MergeState::failed;
    next.bytes_done = 7;
    next.finished_at.reset();
    next.etag = "\"def\"";
    auto other = next;
    other.source = "tap";
    other.requested_at = at_second(59);
    REQUIRE(store->run(store->merges().save_merge(other)).has_value());
    CHECK(describe(merges(*store).at(0)) == describe(next));
  }
  SUBCASE("a second one of a number is a conflict, and neither its job nor its fields are kept") {
    REQUIRE(add(*store, sample_merge(1)).has_value());
    auto other = sample_merge(1);
    other.source = "tap";
    const auto again = add(*store, other);
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().kind == ErrorKind::conflict);
    CHECK(merges(*store).at(0).source == "repaired");
    CHECK(store->run(store->jobs().lease("me", at_second(1), at_second(9)))->has_value());
    CHECK_FALSE(store->run(store->jobs().lease("me", at_second(1), at_second(9)))->has_value());
  }
  SUBCASE("of what is not there nothing is kept") {
    auto stray = sample_merge(1);
    stray.recording = {"r9"};
    auto added = add(*store, stray);
    REQUIRE_FALSE(added.has_value());
    CHECK(added.error().kind == ErrorKind::not_found);
    CHECK_FALSE(store->run(store->jobs().lease("me", at_second(1), at_second(9)))->has_value());
    auto saved = store->run(store->merges().save_merge(sample_merge(1)));
    REQUIRE_FALSE(saved.has_value());
    CHECK(saved.error().kind == ErrorKind::not_found);
  }
  SUBCASE("those that wait or run are counted") {
    for (const auto& [number, state] :
         {std::pair(1, MergeState::waiting), std::pair(2, MergeState::running),
          std::pair(3, MergeState::done), std::pair(4, MergeState::failed)}) {
      auto merge = sample_merge(number);
      merge.state = state;
      REQUIRE(add(*store, merge).has_value());
    }
    const auto count = store->run(store->merges().unfinished_merges());
    REQUIRE(count.has_value());
    CHECK(*count == 2);
  }
}

}  // namespace earshot::contract
