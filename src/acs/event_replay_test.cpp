#include "acs/event_replay.hpp"

#include "acs/testing/fake_call_events.hpp"
#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>

namespace earshot::acs {
namespace {

constexpr const char* grid_letter = R"([{
  "id":"c2e2d1ef-0000-4000-8000-000000000040","topic":"/subscriptions/0/demo",
  "subject":"/recording/call/1d2c/serverCallId/SC/ID==/recordingId/RID",
  "data":{"recordingStorageInfo":{"recordingChunks":[
    {"documentId":"0-weu-d3-01","index":0,"endReason":"SessionEnded",
     "contentLocation":"https://eu-storage.asm.skype.com/v1/objects/0-weu-d3-01/content/video",
     "metadataLocation":"https://eu-storage.asm.skype.com/v1/objects/0-weu-d3-01/content/acsmetadata",
     "deleteLocation":"https://eu-storage.asm.skype.com/v1/objects/0-weu-d3-01"}]},
    "recordingStartTime":"2026-03-02T09:15:33.0000000Z","recordingDurationMs":209000},
  "eventType":"Microsoft.Communication.RecordingFileStatusUpdated","dataVersion":"1.0",
  "metadataVersion":"1","eventTime":"2026-03-02T09:21:40.0000000Z",
  "deadLetterReason":"MaxDeliveryAttemptsExceeded","deliveryAttempts":30,
  "lastDeliveryOutcome":"NotFound","publishTime":"2026-03-02T09:21:41.0000000Z",
  "lastDeliveryAttemptTime":"2026-03-03T09:20:00.0000000Z"}])";

constexpr const char* cloud_letter = R"([{
  "id":"c2e2d1ef-0000-4000-8000-000000000041","source":"/subscriptions/0/demo",
  "subject":"/recording/call/1d2c/serverCallId/SCID/recordingId/RID","specversion":"1.0",
  "type":"Microsoft.Communication.RecordingFileStatusUpdated","time":"2026-03-02T09:21:40Z",
  "data":{"recordingStorageInfo":{"recordingChunks":[]}},
  "deadletterreason":"TimeToLiveExceeded","deliveryattempts":3}])";

struct Desk {
  Result<ReplayOutcome> replay(std::string body) {
    return runtime.run_for(replaying.replay(std::move(body)));
  }
  net::TestRuntime runtime;
  testing::FakeCallEvents events;
  DecodedEventReplay replaying{events};
};

}  // namespace

TEST_CASE("dead letters of either schema are handed to the inbox as Event Grid's events") {
  Desk desk;
  auto outcome = desk.replay(grid_letter);
  REQUIRE(outcome.has_value());
  CHECK(outcome->stored == 1);
  REQUIRE(desk.events.events.size() == 1);
  const auto& event = desk.events.events[0];
  CHECK(event.door == EventDoor::event_grid);
  CHECK(event.id == "c2e2d1ef-0000-4000-8000-000000000040");
  const auto& files = std::get<RecordingFileStatusUpdated>(event.body);
  CHECK(files.recording_id.text == "RID");
  CHECK(files.chunks.size() == 1);
  // The time it was about, not of its replay.
  CHECK(event.occurred_at == parse_iso8601("2026-03-02T09:21:40Z"));

  outcome = desk.replay(cloud_letter);
  REQUIRE(outcome.has_value());
  CHECK(outcome->stored == 1);
}

TEST_CASE("what is no event is refused, and what is one is not lost by it") {
  Desk desk;
  const auto nothing = desk.replay("not json");
  REQUIRE_FALSE(nothing.has_value());
  CHECK(nothing.error().kind == ErrorKind::invalid);
  CHECK(desk.events.events.empty());
  const auto only_bad = desk.replay(R"([{"id":"1"}])");
  REQUIRE_FALSE(only_bad.has_value());
  CHECK(only_bad.error().kind == ErrorKind::invalid);

  std::string mixed = grid_letter;
  mixed.insert(1, R"({"id":"1"},)");
  const auto outcome = desk.replay(mixed);
  REQUIRE(outcome.has_value());
  CHECK(outcome->stored == 1);
  CHECK(outcome->rejected.size() == 1);
  CHECK(desk.replay("[]").has_value());
}

}  // namespace earshot::acs
