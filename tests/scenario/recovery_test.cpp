// What breaks on the other side while a call lasts, and this service's own end and new beginning.
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

// Something is said at the beginning, and something at `later`.
CallPlan two_talks(Duration later) {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 4));
  plan.utterances.push_back(say_tones(CallerStart::at_time, later, 10, 4));
  plan.hang_up_after_quiet = 4s;
  plan.length_max = 3min;
  return plan;
}

std::vector<unsigned> numbers(const StoredSound& sound, Party party) {
  std::vector<unsigned> out;
  for (const auto& tone : decode_tones(sound.samples, sound.rate_hz, party))
    out.push_back(tone.number);
  return out;
}

}  // namespace

TEST_CASE(
    "an assistant that fell over is replaced, and the conversation goes on without a greeting") {
  for (const std::uint16_t code : {std::uint16_t{1011}, std::uint16_t{0}}) {
    CAPTURE(code);
    World world;
    const auto placed = world.place(two_talks(25s));
    world.runtime.advance(15s);
    REQUIRE(world.voice_live->sessions_open() == 1);
    world.voice_live->cut_sessions(code);
    const CallReport report = world.finish(placed);
    REQUIRE(report.outcome == CallOutcome::completed);
    CHECK(report.sockets_opened == 1);
    CHECK(world.voice_live->sessions_opened() == 2);
    // Notice, greeting, answer; and of the new session one answer.
    const auto& items = world.voice_live->items();
    REQUIRE(items.size() == 4);
    CHECK(items[2].session_id == items[0].session_id);
    CHECK(items[3].session_id != items[0].session_id);
    CHECK(world.turns().size() == 6);
    world.wait_until_found();
    const StoredSound sound = read_wav(world.recording_audio().body);
    CHECK(numbers(sound, Party::caller) == std::vector<unsigned>{0, 1, 2, 3, 10, 11, 12, 13});
    CHECK(numbers(sound, Party::assistant).size() == 16);
  }
}

TEST_CASE("a recording that stops unasked is started again, and both are found") {
  World world;
  CallPlan plan = two_talks(30s);
  plan.recording_stops_at.push_back(20s);
  const CallReport report = world.call(plan);
  REQUIRE(report.outcome == CallOutcome::completed);
  REQUIRE(report.recordings.size() == 2);
  CHECK(report.recordings[1].started_at < 25s);
  world.wait_until_all_found(2);
  const auto first = read_wav(world.recording_audio(report.recordings[0].recording_id).body);
  const auto second = read_wav(world.recording_audio(report.recordings[1].recording_id).body);
  CHECK(numbers(first, Party::caller) == std::vector<unsigned>{0, 1, 2, 3});
  CHECK(numbers(second, Party::caller) == std::vector<unsigned>{10, 11, 12, 13});
}

TEST_CASE("a recording that ACS would not start at first is recorded from where it did") {
  World world(
      {.acs = {.faults = {fault("rest.start_recording:status=500,times=1"),
                          fault("rest.start_recording:status=429,retry-after=2,times=1")}}});
  const CallReport report = world.call(two_talks(20s));
  REQUIRE(report.outcome == CallOutcome::completed);
  REQUIRE(report.recordings.size() == 1);
  CHECK(report.recordings[0].started_at > 2s);
  CHECK(report.recordings[0].started_at < 10s);
  world.wait_until_all_found(1);
  const auto caller = numbers(read_wav(world.recording_audio().body), Party::caller);
  CHECK(caller == std::vector<unsigned>{0, 1, 2, 3, 10, 11, 12, 13});
}

TEST_CASE("a service that died in the middle of a call takes the call up again") {
  World world;
  const auto placed = world.place(two_talks(50s));
  world.runtime.advance(15s);
  // What a sudden death leaves: the files as they are at this moment. The old process, which cannot
  // simply vanish here, is cut off from ACS and ends on its own.
  const auto left_behind = world.directory.path() / "left-behind";
  std::filesystem::copy(world.data_dir(), left_behind, std::filesystem::copy_options::recursive);
  world.acs->faults().add(fault("rest.*:status=503"));
  world.stop_service();
  world.acs->faults().clear();
  world.set_data_dir(left_behind);
  world.start_service();
  const CallReport report = world.finish(placed);

  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.end_reason == "the caller hung up");
  CHECK(report.sockets_opened == 2);
  CHECK(world.voice_live->sessions_opened() == 2);
  world.wait_until_found();
  CHECK(World::text(world.newest_call(), "state") == "ended");
  CHECK(world.recordings().size() == 1);
  // Nobody was greeted again, and the answer after the restart was heard.
  CHECK(world.voice_live->items().size() == 4);
  CHECK(world.turns().size() == 6);
  const StoredSound sound = read_wav(world.recording_audio().body);
  CHECK(numbers(sound, Party::caller) == std::vector<unsigned>{0, 1, 2, 3, 10, 11, 12, 13});
  CHECK(numbers(sound, Party::assistant).size() == 16);
  const auto journal = world.journal();
  CHECK(std::ranges::count(journal, "recording_notice_said") == 1);
  CHECK(std::ranges::count(journal, "call ended") == 1);
  // Its successor heard the rest on the same clock. Of the first half there is what the spool's
  // thread had on disk, which lives in real time: nobody can say how much.
  const TapSound tap = world.tap();
  const double began = seconds(report.recordings.at(0).started_at);
  const auto recorded = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  const auto bridged = decode_tones(tap.caller, tap.rate_hz, Party::caller);
  REQUIRE(bridged.size() >= 4);
  for (std::size_t i = bridged.size() - 4, k = 4; k < 8; ++i, ++k) {
    CHECK(bridged[i].number == recorded[k].number);
    CHECK(std::abs(bridged[i].start_s - recorded[k].start_s - began) < 0.005);
  }
}
