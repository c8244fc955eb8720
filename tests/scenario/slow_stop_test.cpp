// Recordings that ACS takes seconds to stop: the stop is accepted, and the recording goes on.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

WorldOptions slow_to_stop() {
  return {.acs = {.faults = {*parse_fault("recording.stop:delay=4s")}, .chunk_length = 5s}};
}

CallPlan counting_caller(unsigned tones) {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::at_time, 2s, 0, tones));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 90s;
  return plan;
}

std::ptrdiff_t count(World& world, const std::string& type) {
  return std::ranges::count(world.journal(), type);
}

std::string all_of(const boost::json::object& verdict) {
  return World::text(verdict, "kind") + boost::json::serialize(verdict.at("numbers")) +
         boost::json::serialize(verdict.at("findings"));
}

}  // namespace

TEST_CASE("a recording that is inactive only seconds after its call is whole all the same") {
  World world(slow_to_stop());
  const CallReport report = world.call(counting_caller(12));
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.callbacks_refused == 0);

  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
  CHECK(verdict.at("corroborated").as_bool());
  CHECK(world.recordings().size() == 1);
  CHECK(count(world, "recording stopped unasked") == 0);
}

TEST_CASE(
    "an operator's stop that takes ACS seconds is one stop, and all that was recorded counts") {
  World world(slow_to_stop());
  const auto placed = world.place(counting_caller(40));
  world.runtime.advance(10s);
  const auto running = world.recordings();
  REQUIRE(running.size() == 1);
  const std::string id = World::text(running[0].as_object(), "recordingId");
  CHECK(world.api("/api/v1/recordings/" + id + "/stop", "POST").status == 202);
  world.runtime.advance(1s);
  CHECK(World::text(world.recording(id), "state") == "stopped");

  const CallReport report = world.finish(placed);
  REQUIRE(report.outcome == CallOutcome::completed);
  REQUIRE(report.recordings.size() == 1);
  CHECK(seconds(report.recordings[0].length) > 12.5);
  world.wait_until_found();
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(world.recordings().size() == 1);
  CHECK(count(world, "recording stopped unasked") == 0);
  CHECK(verdict.at("numbers").at("presentSeconds").to_number<double>() ==
        doctest::Approx(seconds(report.recordings[0].length)).epsilon(0.01));
  const StoredSound sound = read_wav(world.recording_audio().body);
  CHECK(static_cast<double>(sound.samples.size()) / sound.rate_hz ==
        doctest::Approx(seconds(report.recordings[0].length)).epsilon(0.01));
}
