// Recording paused and resumed by the operator while the call goes on.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

// A tone each half second from 2 s on, whatever happens.
CallPlan counting_caller(unsigned tones) {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::at_time, 2s, 0, tones));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 3min;
  return plan;
}

std::string running_recording(World& world) {
  const auto all = world.recordings();
  REQUIRE(all.size() == 1);
  return World::text(all.front().as_object(), "recordingId");
}

int steer(World& world, const std::string& recording, const std::string& verb) {
  return world.api("/api/v1/recordings/" + recording + "/" + verb, "POST").status;
}

std::string state_of(World& world, const std::string& recording) {
  return World::text(world.recording(recording), "state");
}

std::ptrdiff_t count(World& world, const std::string& type) {
  return std::ranges::count(world.journal(), type);
}

WallTime wall(const boost::json::value& text) {
  const auto parsed = parse_iso8601(std::string(text.as_string()));
  REQUIRE(parsed.has_value());
  return *parsed;
}

}  // namespace

TEST_CASE("a pause that was asked for is no gap, and the recording goes on after it") {
  World world;
  const auto placed = world.place(counting_caller(60));
  world.runtime.advance(10s);
  const std::string recording = running_recording(world);
  CHECK(state_of(world, recording) == "active");

  CHECK(steer(world, recording, "resume") == 409);
  CHECK(steer(world, recording, "pause") == 202);
  const WallTime paused = world.runtime.clock().wall_now();
  CHECK(steer(world, recording, "pause") == 409);
  // Longer than three polls of the recording's state: inactive is what we asked for.
  world.runtime.advance(1s);
  CHECK(state_of(world, recording) == "paused");
  CHECK(World::text(world.newest_call(), "recordingState") == "paused");
  {
    const auto pauses = world.recording(recording).at("pauses").as_array();
    REQUIRE(pauses.size() == 1);
    CHECK(pauses[0].at("to").is_null());
  }
  world.runtime.advance(9s);
  CHECK(state_of(world, recording) == "paused");
  CHECK(steer(world, recording, "resume") == 202);
  const WallTime resumed = world.runtime.clock().wall_now();
  world.runtime.advance(1s);
  CHECK(state_of(world, recording) == "active");

  const CallReport report = world.finish(placed);
  REQUIRE(report.outcome == CallOutcome::completed);
  world.wait_until_found();
  REQUIRE(report.recordings.size() == 1);
  CHECK(world.recordings().size() == 1);
  CHECK(count(world, "recording paused") == 1);
  CHECK(count(world, "recording resumed") == 1);
  CHECK(count(world, "recording stopped unasked") == 0);

  const auto pauses = world.recording(recording).at("pauses").as_array();
  REQUIRE(pauses.size() == 1);
  const WallTime from = wall(pauses[0].at("from"));
  const WallTime to = wall(pauses[0].at("to"));
  CHECK(from >= paused - 100ms);
  CHECK(from <= paused + 100ms);
  CHECK(to >= resumed - 100ms);
  CHECK(to <= resumed + 100ms);

  // ACS leaves a pause out: what was said in it is nowhere, the rest is there once and in order.
  const StoredSound sound = read_wav(world.recording_audio().body);
  const double began = seconds(report.recordings[0].started_at);
  const double paused_for = seconds(std::chrono::duration_cast<Duration>(to - from));
  CHECK(std::abs(static_cast<double>(sound.samples.size()) / sound.rate_hz + paused_for + began -
                 seconds(report.talked)) < 0.1);
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(heard.size() > 30);
  const double first_at = spoken_at_s(report, "tones 0");
  const auto since_connected = [&](WallTime time) {
    return seconds(std::chrono::duration_cast<Duration>(time - report.connected_at));
  };
  unsigned missing = 0;
  for (unsigned tone = 0; tone < 60; ++tone) {
    CAPTURE(tone);
    const double at = first_at + 0.5 * tone;
    const auto found = std::ranges::find(heard, tone, &HeardTone::number);
    const bool before = at + 0.45 < since_connected(from);
    const bool after = at > since_connected(to) + 0.05;
    if (!before && !after) {
      // Torn at the edges, at most.
      if (found == heard.end()) ++missing;
      continue;
    }
    REQUIRE(found != heard.end());
    CHECK(std::abs(found->start_s + began + (after ? paused_for : 0) - at) < 0.05);
  }
  CHECK(missing >= 18);
  for (std::size_t i = 1; i < heard.size(); ++i) CHECK(heard[i].number >= heard[i - 1].number);
}

TEST_CASE("a recording that ACS loses during a pause is noticed, and not started again meanwhile") {
  World world;
  CallPlan plan = counting_caller(160);
  plan.recording_stops_at.push_back(25s);
  const auto placed = world.place(plan);
  world.runtime.advance(10s);
  const std::string first = running_recording(world);
  REQUIRE(steer(world, first, "pause") == 202);
  world.runtime.advance(50s);
  // Gone at ACS, and still nobody wants to be recorded.
  CHECK(world.recordings().size() == 1);
  CHECK(count(world, "recording stopped unasked") == 1);
  const auto call = world.newest_call();
  CHECK(World::text(call, "state") == "connected");
  CHECK(steer(world, first, "resume") == 202);
  const CallReport report = world.finish(placed);
  // It is not possible to resume what is not there: the wish to record makes a new one.
  REQUIRE(report.recordings.size() == 2);
  world.wait_until_all_found(2);
  const auto second = read_wav(world.recording_audio(report.recordings[1].recording_id).body);
  const auto heard = decode_tones(second.samples, second.rate_hz, Party::caller);
  REQUIRE_FALSE(heard.empty());
  CHECK(heard.front().number > 110);
  CHECK(heard.back().number == 159);
}

TEST_CASE("a pause that lasts until the call is over ends with it, and its recording is found") {
  World world;
  const auto placed = world.place(counting_caller(30));
  world.runtime.advance(10s);
  const std::string recording = running_recording(world);
  REQUIRE(steer(world, recording, "pause") == 202);
  const CallReport report = world.finish(placed);
  world.wait_until_found();
  const auto pauses = world.recording(recording).at("pauses").as_array();
  REQUIRE(pauses.size() == 1);
  CHECK_FALSE(pauses[0].at("to").is_null());
  const StoredSound sound = read_wav(world.recording_audio().body);
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(heard.size() > 12);
  CHECK(heard.size() < 18);
  CHECK(steer(world, recording, "resume") == 409);
}
