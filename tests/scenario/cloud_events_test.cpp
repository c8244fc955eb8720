// Event Grid subscriptions in both schemas.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

std::string endpoint(const std::string& secret) {
  return fmt::format("{}/api/incomingCall?secret={}", World::service_url, secret);
}

AcsOptions with(EventGridSchema schema) { return {.events = {.schema = schema}}; }

CallPlan one_turn() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 4));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 60s;
  return plan;
}

}  // namespace

TEST_CASE("a subscription of either schema is confirmed, and only with the secret") {
  for (const auto schema : {EventGridSchema::event_grid, EventGridSchema::cloud_events}) {
    CAPTURE(static_cast<int>(schema));
    World world({.acs = with(schema)});
    const auto validate = [&](const std::string& url) {
      return world.runtime.run_for(world.acs->validate_subscription(url)).has_value();
    };
    CHECK(validate(endpoint(World::event_grid_secret)));
    CHECK_FALSE(validate(endpoint("not-the-secret-at-all")));
    CHECK_FALSE(validate(fmt::format("{}/api/incomingCall", World::service_url)));
    CHECK(world.api("/api/v1/calls").json().at("calls").as_array().empty());
  }
}

TEST_CASE("a call that CloudEvents announce is answered, recorded, found and played") {
  World world({.acs = with(EventGridSchema::cloud_events)});
  const CallReport report = world.call(one_turn());
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.event_grid_status == 200);
  world.wait_until_found();
  REQUIRE(report.recordings.size() == 1);
  CHECK(report.recordings[0].file_event_accepted);
  CHECK(World::text(world.newest_call(), "caller") == "+15550100");
  const StoredSound sound = read_wav(world.recording_audio().body);
  CHECK(decode_tones(sound.samples, sound.rate_hz, Party::caller).size() == 4);
  CHECK(decode_tones(sound.samples, sound.rate_hz, Party::assistant).size() == 12);
  CHECK(world.turns().size() == 4);

  // The event about the files is of the same schema, and told all that it holds.
  world.wait_until(
      [&] { return std::ranges::count(world.journal(), "event RecordingFileStatusUpdated") == 1; });
  for (const auto& entry : world.journal_entries()) {
    if (World::text(entry.as_object(), "type") != "event RecordingFileStatusUpdated") continue;
    const auto& detail = entry.at("detail").as_object();
    CHECK(World::text(detail, "recording") == report.recordings[0].recording_id);
    REQUIRE(detail.at("chunks").as_array().size() == 1);
    CHECK(World::text(detail.at("chunks").as_array()[0].as_object(), "documentId") ==
          report.recordings[0].chunks.at(0).document_id);
  }
}
