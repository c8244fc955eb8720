#include "tests/contract/folder_claims_contract.hpp"

#include "domain/imported_call.hpp"
#include "tests/contract/sample_rows.hpp"

#include <doctest/doctest.h>
#include <utility>

namespace earshot::contract {
namespace {

Call call_of(const std::string& id) {
  auto call = sample_call(id);
  call.ring_key = "ring-" + id;
  call.ended_at.reset();
  return call;
}

// Asked for at that second, and nothing found of it.
Recording unplaced(const std::string& id, const std::string& call, int from,
                   std::optional<int> to) {
  auto recording = sample_recording(id, call);
  recording.requested_at = at_second(from);
  recording.ended_at.reset();
  if (to) recording.ended_at = at_second(*to);
  recording.phase = RecordingPhase::stopped;
  recording.byos = true;
  recording.folder.clear();
  recording.discovery = Discovery::searching;
  return recording;
}

std::vector<std::string> claimants_at(StoreUnderTest& store, int second, int limit = 100) {
  auto found = store.run(store.claims().claimants({.at = at_second(second),
                                                   .slack = std::chrono::seconds(5),
                                                   .requested_since = at_second(-100),
                                                   .limit = limit}));
  REQUIRE(found.has_value());
  std::vector<std::string> ids;
  ids.reserve(found->size());
  for (const auto& one : *found) ids.push_back(one.recording.id.text);
  return ids;
}

using Ids = std::vector<std::string>;

}  // namespace

void folder_owners_are_told(const StoreFactory& make_store) {
  const auto store = make_store();
  Changes changes;
  auto imported = call_of("c2");
  imported.ring_key = std::string(imported_ring_prefix) + "c2";
  changes.calls = {call_of("c1"), imported};
  changes.recordings = {sample_recording("r1", "c1"), sample_recording("r2", "c2")};
  auto first = sample_chunk("r1", 0);
  first.audio = {"20260302/a/b/0-audiowav.wav"};
  first.found_at = at_second(2);
  auto second = first;
  second.recording = {"r2"};
  second.found_at = at_second(1);
  auto bare = sample_chunk("r1", 1);
  bare.audio = {};
  changes.chunks = {first, second, bare};
  REQUIRE(store->run(store->calls().commit(std::move(changes))).has_value());

  const auto owners = store->run(store->claims().owners_of(first.audio));

  REQUIRE(owners.has_value());
  const std::vector<FileOwner> wanted{{.call = {"c2"}, .recording = {"r2"}, .is_imported = true},
                                      {.call = {"c1"}, .recording = {"r1"}, .is_imported = false}};
  CHECK(*owners == wanted);
  for (const char* nobodys : {"", "20260302/a/b/1-audiowav.wav", "20260302/a/b/", "a\x01z"}) {
    const auto none = store->run(store->claims().owners_of({nobodys}));
    REQUIRE(none.has_value());
    CHECK(none->empty());
  }
}

void folder_claimants_are_told(const StoreFactory& make_store) {
  const auto store = make_store();
  Changes changes;
  auto over = call_of("c3");
  over.ended_at = at_second(30);
  changes.calls = {call_of("c1"), call_of("c2"), over};
  changes.personal.push_back({.call = {"c1"}, .caller = "+15550123", .called = "+1"});
  changes.recordings = {unplaced("r1", "c1", 0, 40), unplaced("r2", "c2", 20, {}),
                        unplaced("r3", "c3", 10, {})};
  changes.recordings[1].discovery = Discovery::not_started;
  const auto not_one = [&](const std::string& id, auto change) {
    auto recording = unplaced(id, "c2", 20, {});
    change(recording);
    changes.recordings.push_back(std::move(recording));
  };
  not_one("placed", [](Recording& one) { one.folder = "20260302/a/b/"; });
  not_one("found", [](Recording& one) { one.discovery = Discovery::found; });
  not_one("failed", [](Recording& one) { one.phase = RecordingPhase::failed; });
  not_one("serviced", [](Recording& one) { one.byos = false; });
  not_one("older", [](Recording& one) { one.requested_at = at_second(-200); });
  REQUIRE(store->run(store->calls().commit(std::move(changes))).has_value());

  CHECK(claimants_at(*store, -6).empty());
  CHECK(claimants_at(*store, 0) == Ids{"r1"});
  CHECK(claimants_at(*store, 30) == Ids{"r2", "r3", "r1"});
  CHECK(claimants_at(*store, 30, 1) == Ids{"r2"});
  CHECK(claimants_at(*store, 36) == Ids{"r2", "r1"});
  CHECK(claimants_at(*store, 1'000) == Ids{"r2"});

  const auto found = store->run(store->claims().claimants(
      {.at = at_second(1), .requested_since = at_second(0), .limit = 10}));
  REQUIRE(found.has_value());
  REQUIRE(found->size() == 1);
  const auto& one = found->front();
  const auto call = call_of("c1");
  CHECK(one.caller == "+15550123");
  CHECK(one.server_call == call.server_call_id);
  CHECK(one.correlation == call.correlation_id);
  CHECK(one.connection == call.connection_id);
  CHECK_FALSE(one.call_ended_at.has_value());
  CHECK(one.recording == *store->run(store->calls().load_recording({"r1"})));
}

}  // namespace earshot::contract
