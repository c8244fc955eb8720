// What the event on a recording's files leaves behind.

#include "calls/testing/call_desk.hpp"
#include "domain/imported_call.hpp"

#include <algorithm>
#include <doctest/doctest.h>

namespace earshot::calls {

using testing::CallDesk;

namespace {

InboundEvent file_event(CallDesk& desk, std::vector<RecordingFileChunk> chunks) {
  InboundEvent event{.door = EventDoor::event_grid,
                     .id = "file",
                     .type = "Microsoft.Communication.RecordingFileStatusUpdated",
                     .occurred_at = desk.runtime.clock().wall_now() - 30s,
                     .raw = "{}"};
  event.body = RecordingFileStatusUpdated{.recording_id = {"R1"}, .chunks = std::move(chunks)};
  return event;
}

std::vector<RecordingFileChunk> two_chunks() {
  return {{.index = 0,
           .document_id = "d0",
           .end_reason = "ChunkMaximumSizeExceeded",
           .content_location = "https://x/0/content/video",
           .metadata_location = "https://x/0/content/acsmetadata",
           .delete_location = "https://x/0"},
          {.index = 1,
           .document_id = "d1",
           .end_reason = "SessionEnded",
           .content_location = "https://y/1/content/video",
           .metadata_location = "",
           .delete_location = ""}};
}

// Jobs of that kind, due or not.
std::vector<Job> jobs_of(CallDesk& desk, std::string_view kind) {
  std::vector<Job> found;
  const auto far = desk.runtime.clock().wall_now() + std::chrono::hours(48);
  while (true) {
    auto leased = desk.runtime.run_for(desk.store.lease("test", far, far + 1h));
    REQUIRE(leased.has_value());
    if (!*leased) return found;
    if ((*leased)->kind == kind) found.push_back(**leased);
  }
}

}  // namespace

TEST_CASE("an event of a recording that no call here made is counted and names its import") {
  CallDesk desk;
  desk.start();
  desk.talk();
  auto event = file_event(desk, two_chunks());
  std::get<RecordingFileStatusUpdated>(event.body).recording_id = {"R-of-nobody"};
  const auto unmatched = [&] {
    return desk.counters
        .counter("earshot_recording_events_unmatched_total", "",
                 {{"type", "RecordingFileStatusUpdated"}})
        .value();
  };

  SUBCASE("that the database has never seen") {}
  SUBCASE("that was imported, of which nothing is awaited") {
    Call call;
    call.id = {"22222222-0000-4000-8000-000000000002"};
    call.phase = CallPhase::ended;
    call.ring_key = std::string(imported_ring_prefix) + call.id.text;
    Changes changes;
    changes.recordings.push_back({.id = {"R-of-nobody"}, .call = call.id});
    changes.calls.push_back(std::move(call));
    REQUIRE(desk.runtime.run_for(desk.store.commit(std::move(changes))).has_value());
  }
  desk.accept(event);

  CHECK(unmatched() == 1);
  CHECK(desk.log.contains("earshot recordings import"));
  CHECK(desk.store.events_waiting() == 0);
  CHECK(desk.runtime.run_for(desk.store.files_of({"R-of-nobody"}))->empty());
  CHECK(jobs_of(desk, "fetch_recording").empty());
}

TEST_CASE("the locations that a file status event names are kept, with the time they expire") {
  CallDesk desk;
  desk.start();
  desk.talk();
  const auto event = file_event(desk, two_chunks());

  desk.accept(event);

  const auto files = desk.runtime.run_for(desk.store.files_of({"R1"}));
  REQUIRE(files.has_value());
  REQUIRE(files->size() == 2);
  const auto& first = (*files)[0].told;
  CHECK(first.index.value == 0);
  CHECK(first.document_id == "d0");
  CHECK(first.end_reason == "ChunkMaximumSizeExceeded");
  CHECK(first.content == "https://x/0/content/video");
  CHECK(first.metadata == "https://x/0/content/acsmetadata");
  CHECK(first.deletion == "https://x/0");
  CHECK(first.told_at == *event.occurred_at);
  CHECK(first.expires_at == *event.occurred_at + 24h);
  CHECK((*files)[1].told.content == "https://y/1/content/video");
  CHECK((*files)[1].fetch.state == FileState::waiting);
}

TEST_CASE("files told of in service-managed mode are fetched at once, until they expire") {
  CallDesk desk;
  desk.options.machine.byos = false;
  desk.start();
  desk.talk();
  const auto event = file_event(desk, two_chunks());

  desk.accept(event);

  const auto jobs = jobs_of(desk, "fetch_recording");
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].subject == "R1");
  CHECK(jobs[0].due == desk.runtime.clock().wall_now());
  CHECK(jobs[0].deadline == *event.occurred_at + 24h);
}

TEST_CASE("the export into the customer's container has its time before a second copy is fetched") {
  CallDesk desk;
  desk.start();
  desk.talk();

  desk.accept(file_event(desk, two_chunks()));

  const auto jobs = jobs_of(desk, "fetch_recording");
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].due == desk.runtime.clock().wall_now() + desk.options.second_copy_after);
}

TEST_CASE("a file status event that says it is of the future expires no later for it") {
  CallDesk desk;
  desk.start();
  desk.talk();
  auto event = file_event(desk, two_chunks());
  event.occurred_at = desk.runtime.clock().wall_now() + std::chrono::hours(100);

  desk.accept(event);

  const auto files = desk.runtime.run_for(desk.store.files_of({"R1"}));
  REQUIRE(files->size() == 2);
  CHECK((*files)[0].told.expires_at == desk.runtime.clock().wall_now() + 24h);
}

TEST_CASE("a file status event without a chunk that can be used leaves no work") {
  CallDesk desk;
  desk.start();
  desk.talk();

  desk.accept(file_event(desk, {}));

  CHECK(jobs_of(desk, "fetch_recording").empty());
}

TEST_CASE("the end of a service-managed recording is followed by a watch for its file event") {
  CallDesk desk;
  SUBCASE("service-managed") {
    desk.options.machine.byos = false;
    desk.start();
    desk.talk();
    desk.accept(desk.disconnected());
    const auto jobs = jobs_of(desk, "watch_recording_files");
    REQUIRE(jobs.size() == 1);
    CHECK(jobs[0].subject == "R1");
    CHECK(jobs[0].due == desk.runtime.clock().wall_now() + desk.options.file_event_alert_after);
    CHECK(jobs[0].deadline == desk.runtime.clock().wall_now() + 24h);
  }
  SUBCASE("the customer's own container needs none") {
    desk.start();
    desk.talk();
    desk.accept(desk.disconnected());
    CHECK(jobs_of(desk, "watch_recording_files").empty());
  }
}

namespace {

// The erasure begins before the event comes, or when it is about to be stored.
void keep_what_a_file_event_tells(bool is_in_hand) {
  CallDesk desk;
  desk.options.machine.byos = false;
  desk.start();
  desk.talk();
  desk.accept(desk.disconnected());
  desk.accept(desk.state_changed("R1", false));
  const auto call = desk.call().id;
  Erasure erasure{.id = {"e"}, .at = desk.runtime.clock().wall_now(), .finished_at = {}};
  erasure.calls.push_back({.call = call});
  REQUIRE(desk.runtime.run_for(desk.store.add_erasure(erasure, {.kind = "none"})).has_value());
  const auto become = [&](ErasureState state, RowRemoval rows = {}) {
    const ErasedCall erased{.call = call, .state = state};
    REQUIRE(desk.runtime.run_for(desk.store.save_erased_call({"e"}, erased, rows)).has_value());
  };
  const auto files = [&] { return desk.runtime.run_for(desk.store.files_of({"R1"}))->size(); };
  const auto event = file_event(desk, two_chunks());

  desk.advance(1h);
  if (is_in_hand) {
    desk.store.commit_takes = 1s;
    desk.accept(event);
    become(ErasureState::erasing);
    desk.advance(1s);
    desk.store.commit_takes = 0s;
  } else {
    become(ErasureState::erasing);
    desk.accept(event);
  }
  CHECK(desk.store.events_waiting() == 1);
  desk.advance(call_erasing_retry);
  CHECK(desk.store.events_waiting() == 1);
  CHECK(files() == 0);

  SUBCASE("it is not, so they are fetched") {
    become(ErasureState::refused);
    SUBCASE("by the same process") { desk.advance(call_erasing_retry); }
    SUBCASE("by the next one") { desk.restart(); }
    CHECK(files() == 2);
    CHECK(jobs_of(desk, "fetch_recording").size() == 1);
  }
  SUBCASE("it is, so nobody is told") {
    become(ErasureState::erased, {.chunks = true, .merges = true, .texts = true, .personal = true});
    desk.advance(call_erasing_retry);
    CHECK(files() == 0);
    CHECK(desk.journal_has("event after the erasure dropped"));
  }
  CHECK(desk.store.events_waiting() == 0);
}

}  // namespace

TEST_CASE("what a file event tells is kept until it is known whether its call is erased") {
  keep_what_a_file_event_tells(false);
}

TEST_CASE("so it is when the erasure begins while the event is stored") {
  keep_what_a_file_event_tells(true);
}

}  // namespace earshot::calls
