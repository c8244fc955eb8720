// Events as they come: twice, in another order, before the answer that they follow from, or never.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

CallPlan one_turn() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 4));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 60s;
  return plan;
}

FaultRule fault(const char* text) {
  auto rule = parse_fault(text);
  REQUIRE(rule.has_value());
  return *rule;
}

// What a call of one turn leaves behind, whatever came when.
void check_ordinary(World& world, const CallReport& report) {
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.end_reason == "the caller hung up");
  CHECK(report.callbacks_refused == 0);
  CHECK(report.sockets_opened == 1);
  world.wait_until_found();
  CHECK(world.api("/api/v1/calls").json().at("calls").as_array().size() == 1);
  CHECK(World::text(world.newest_call(), "state") == "ended");
  CHECK(world.recordings().size() == 1);
  CHECK(report.recordings.size() == 1);
  CHECK(world.voice_live->sessions_opened() == 1);
  const auto turns = world.turns();
  REQUIRE(turns.size() == 4);
  const StoredSound sound = read_wav(world.recording_audio().body);
  const auto caller = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(caller.size() == 4);
  for (unsigned i = 0; i < 4; ++i) CHECK(caller[i].number == i);
  const auto assistant = decode_tones(sound.samples, sound.rate_hz, Party::assistant);
  REQUIRE(assistant.size() == 12);
  for (unsigned i = 0; i < 12; ++i) CHECK(assistant[i].number == i);
  const auto journal = world.journal();
  for (const char* type : {"call ended", "recording chunks discovered"}) {
    CAPTURE(std::string(type));
    CHECK(std::ranges::count(journal, type) == 1);
  }
  // None when CallConnected came first.
  CHECK(std::ranges::count(journal, "answer accepted") <= 1);
}

}  // namespace

TEST_CASE("events that overtake the answers they follow from change nothing") {
  World world({.acs = {.callbacks_before_response = true}});
  check_ordinary(world, world.call(one_turn()));
}

TEST_CASE(
    "the roster before CallConnected, and the recording's end before the call's, change nothing") {
  World world({.acs = {.participants_first = true, .recording_ends_first = true}});
  check_ordinary(world, world.call(one_turn()));
}

TEST_CASE("two events in one body change nothing") {
  World world({.acs = {.batch_connected_events = true}});
  check_ordinary(world, world.call(one_turn()));
}

TEST_CASE("every event three times changes nothing") {
  World world({.acs = {.faults = {fault("callback.*:copies=2"), fault("event_grid.*:copies=2")}}});
  check_ordinary(world, world.call(one_turn()));
}

TEST_CASE("events in another order, by the seed, change nothing") {
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
    CAPTURE(seed);
    World world({.acs = {.faults = {fault("callback.*:reorder,chance=0.5")}, .seed = seed}});
    check_ordinary(world, world.call(one_turn()));
  }
}

TEST_CASE("a call whose CallDisconnected was lost ends all the same, and its chunks are found") {
  World world({.acs = {.faults = {fault("callback.CallDisconnected:drop")}}});
  const CallReport report = world.call(one_turn());
  REQUIRE(report.outcome == CallOutcome::completed);
  world.wait_until([&] { return World::text(world.newest_call(), "state") == "ended"; }, 2min);
  world.wait_until_found();
  CHECK(world.turns().size() == 4);
  CHECK(read_wav(world.recording_audio().body).samples.size() > 0);
}
