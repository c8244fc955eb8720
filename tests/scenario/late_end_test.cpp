// A recording whose end nobody told: it was found to be over, some time after.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

FaultRule fault(const char* text) {
  auto rule = parse_fault(text);
  REQUIRE(rule.has_value());
  return *rule;
}

// The events of the end are lost, that of the files too; and ACS cannot be asked for a minute.
AcsOptions silent_end() {
  return {.faults = {fault("callback.CallDisconnected:drop"),
                     fault("callback.RecordingStateChanged:skip=1,drop")},
          .chunk_length = 8s,
          .send_file_event = false};
}

CallReport call_with_unseen_end(World& world) {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::at_time, 10s, 0, 24));
  plan.hang_up_at = 65s;
  const auto placed = world.place(plan);
  world.runtime.advance(63s);
  for (const char* operation :
       {"rest.get_call:status=503", "rest.get_recording:status=503",
        "rest.stop_recording:status=503", "rest.start_media_streaming:status=503"})
    world.acs->faults().add(fault(operation));
  const CallReport report = world.finish(placed);
  world.runtime.advance(1min);
  CHECK(World::text(world.newest_call(), "state") == "connected");
  world.acs->faults().clear();
  world.wait_until([&] { return World::text(world.newest_call(), "state") == "ended"; }, 5min);
  return report;
}

WallTime time_of(const boost::json::object& recording, const char* name) {
  const auto parsed = parse_iso8601(World::text(recording, name));
  REQUIRE(parsed.has_value());
  return *parsed;
}

std::string discovery(World& world) {
  return World::text(world.recordings().at(0).as_object(), "discovery");
}

}  // namespace

TEST_CASE("a whole recording whose end was learnt late is found when nothing more appears") {
  World world({.acs = silent_end()});
  const CallReport report = call_with_unseen_end(world);
  REQUIRE(report.outcome == CallOutcome::completed);
  REQUIRE(report.recordings.size() == 1);
  const std::string id = report.recordings[0].recording_id;
  // Between the last time that it was seen running and the time that it was found gone.
  const auto shown = world.recording(id);
  const WallTime ended = report.recordings[0].started + report.recordings[0].length;
  CHECK(time_of(shown, "endedAt") > ended + 30s);
  CHECK(time_of(shown, "endedAfter") <= ended);
  CHECK(time_of(shown, "endedAfter") > ended - 35s);

  world.runtime.advance(5min);
  CHECK(discovery(world) == "searching");
  world.wait_until_found();
  CHECK(world.recording(id).at("chunkCount").to_number<std::size_t>() ==
        report.recordings[0].chunks.size());
  const StoredSound sound = read_wav(world.recording_audio().body);
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(heard.size() == 24);
  for (unsigned i = 0; i < heard.size(); ++i) CHECK(heard[i].number == i);
  CHECK(world.api("/api/v1/recordings?discovery=incomplete")
            .json()
            .at("recordings")
            .as_array()
            .empty());
}

TEST_CASE("a recording whose end was learnt late and that lacks chunks stays incomplete") {
  // 65 s are eight chunks of 8 s and a short one.
  SUBCASE("in the middle") {
    auto acs = silent_end();
    acs.files.missing_chunks = "3";
    World world({.acs = acs, .environment = {{"DISCOVERY_DEADLINE_HOURS", "1"}}});
    call_with_unseen_end(world);
    for (int minute = 0; minute < 90 && discovery(world) == "searching"; ++minute)
      world.runtime.advance(1min);
    CHECK(discovery(world) == "incomplete");
  }
  SUBCASE("at the end, before the last time that it was seen running") {
    auto acs = silent_end();
    acs.files.missing_chunks = "3,4,5,6,7,8";
    World world({.acs = acs, .environment = {{"DISCOVERY_DEADLINE_HOURS", "1"}}});
    call_with_unseen_end(world);
    for (int minute = 0; minute < 90 && discovery(world) == "searching"; ++minute)
      world.runtime.advance(1min);
    CHECK(discovery(world) == "incomplete");
  }
}
