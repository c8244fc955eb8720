#include "tests/contract/call_lists_contract.hpp"

#include "tests/contract/sample_rows.hpp"

#include <doctest/doctest.h>
#include <string>
#include <utility>

namespace earshot::contract {
namespace {

template <class T>
T value_of(Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().message));
  return std::move(*result);
}

Call call_at(const std::string& id, int second) {
  auto call = sample_call(id);
  call.received_at = at_second(second);
  call.version = 0;
  return call;
}

Recording recording_at(const std::string& id, const std::string& call, int second) {
  auto recording = sample_recording(id, call);
  recording.requested_at = at_second(second);
  return recording;
}

// Calls with all, with some and with nothing of what a list shows.
void fill(StoreUnderTest& store) {
  Changes changes;
  changes.calls = {call_at("c1", 10), call_at("c2", 20), call_at("c3", 30), call_at("c4", 40)};
  changes.personal = {{{"c1"}, "4:+15550101", "4:+15550199", "Ada"},
                      {{"c3"}, "4:+15550103", "4:+15550199", ""}};
  changes.recordings = {recording_at("r1", "c1", 11), recording_at("r2", "c2", 21),
                        recording_at("r3", "c2", 25), recording_at("r4", "c4", 41)};
  changes.chunks = {sample_chunk("r1", 2), sample_chunk("r1", 0), sample_chunk("r3", 0),
                    sample_chunk("r3", 1), sample_chunk("r4", 7)};
  changes.pauses = {{{"r1"}, at_second(15), at_second(16)}, {{"r1"}, at_second(12), std::nullopt}};
  changes.verdicts = {sample_verdict("c2", 1), sample_verdict("c2", 2), sample_verdict("c4", 1)};
  changes.verdicts[1].kind = VerdictKind::missing;
  REQUIRE(store.run(store.calls().commit(std::move(changes))).has_value());
}

std::string names_of(const CallPersonal& personal) {
  return personal.caller + " " + personal.called + " " + personal.caller_name;
}

template <class Row>
std::string describe_all(const std::vector<Row>& rows) {
  std::string text;
  for (const auto& row : rows) text += describe(row) + "\n";
  return text;
}

std::string describe_all(const std::vector<RecordingPause>& pauses) {
  std::string text;
  for (const auto& pause : pauses)
    text += to_iso8601(pause.from) + " " + (pause.to ? to_iso8601(*pause.to) : "-") + "\n";
  return text;
}

// Asked for one by one, as a list would have to without the page.
void check_alone(StoreUnderTest& store, const ListedCall& listed) {
  auto& calls = store.calls();
  const auto id = listed.call.id;
  CHECK(describe(listed.call) == describe(value_of(store.run(calls.load_call(id)))));
  const auto personal = store.run(calls.load_personal(id));
  CHECK(names_of(listed.personal) == names_of(personal ? *personal : CallPersonal{}));
  CHECK(describe_all(listed.recordings) ==
        describe_all(value_of(store.run(calls.recordings_of(id)))));
  CHECK(listed.verdict == value_of(store.run(calls.verdict_of(id, std::nullopt))));
}

void check_alone(StoreUnderTest& store, const ListedRecording& listed) {
  auto& calls = store.calls();
  const auto id = listed.recording.id;
  CHECK(describe(listed.recording) == describe(value_of(store.run(calls.load_recording(id)))));
  CHECK(describe_all(listed.chunks) == describe_all(value_of(store.run(calls.chunks_of(id)))));
  CHECK(describe_all(listed.pauses) == describe_all(value_of(store.run(calls.pauses_of(id)))));
  CHECK(listed.verdict ==
        value_of(store.run(calls.verdict_of(listed.recording.call, std::nullopt))));
}

std::string ids_of(const std::vector<ListedCall>& page) {
  std::string ids;
  for (const auto& listed : page) ids += listed.call.id.text + " ";
  return ids;
}

std::string ids_of(const std::vector<ListedRecording>& page) {
  std::string ids;
  for (const auto& listed : page) ids += listed.recording.id.text + " ";
  return ids;
}

}  // namespace

void pages_have_what_belongs_to_each_row(const StoreFactory& make) {
  const auto store = make();

  SUBCASE("a page of calls has of each what asking for it alone gives") {
    fill(*store);
    const auto page = value_of(store->run(store->lists().calls_page({})));
    CHECK(ids_of(page) == "c4 c3 c2 c1 ");
    for (const auto& listed : page) check_alone(*store, listed);
    CHECK(page[2].recordings.size() == 2);
    REQUIRE(page[2].verdict.has_value());
    CHECK(page[2].verdict->kind == VerdictKind::missing);
    CHECK(page[3].personal.caller_name == "Ada");
  }
  SUBCASE("a page of recordings has of each what asking for it alone gives") {
    fill(*store);
    const auto page = value_of(store->run(store->lists().recordings_page({})));
    CHECK(ids_of(page) == "r4 r3 r2 r1 ");
    for (const auto& listed : page) check_alone(*store, listed);
    CHECK(page[2].chunks.empty());
    CHECK(page[3].chunks.size() == 2);
    CHECK(page[3].pauses.size() == 2);
    // Both recordings of the call.
    CHECK(page[1].verdict.has_value());
    CHECK(page[2].verdict.has_value());
  }
  SUBCASE("pages go on and are cut as the lists are, and an empty one has nothing") {
    CHECK(value_of(store->run(store->lists().calls_page({}))).empty());
    CHECK(value_of(store->run(store->lists().recordings_page({}))).empty());
    fill(*store);
    CHECK(ids_of(value_of(
              store->run(store->lists().calls_page({.before_id = "c4", .limit = 2})))) == "c3 c2 ");
    CHECK(ids_of(value_of(store->run(
              store->lists().recordings_page({.before_id = "r3", .limit = 1})))) == "r2 ");
    const auto lost = store->run(store->lists().calls_page({.before_id = "nobody"}));
    REQUIRE_FALSE(lost.has_value());
    CHECK(lost.error().kind == ErrorKind::not_found);
  }
  SUBCASE("of a long page each call has its own") {
    constexpr int calls = 130;
    Changes changes;
    for (int i = 0; i < calls; ++i) {
      const auto number = std::to_string(i);
      changes.calls.push_back(call_at("c" + number, i));
      changes.recordings.push_back(recording_at("r" + number, "c" + number, i));
      changes.chunks.push_back(sample_chunk("r" + number, static_cast<std::uint32_t>(i)));
    }
    REQUIRE(store->run(store->calls().commit(std::move(changes))).has_value());

    const auto page = value_of(store->run(store->lists().calls_page({.limit = calls})));
    const auto recordings = value_of(store->run(store->lists().recordings_page({.limit = calls})));
    REQUIRE(page.size() == calls);
    REQUIRE(recordings.size() == calls);
    int own = 0;
    for (std::size_t i = 0; i < calls; ++i)
      own += page[i].recordings.size() == 1 && page[i].recordings[0].call == page[i].call.id &&
             recordings[i].chunks.size() == 1 &&
             recordings[i].chunks[0].index.value == calls - 1 - i;
    CHECK(own == calls);
  }
}

}  // namespace earshot::contract
