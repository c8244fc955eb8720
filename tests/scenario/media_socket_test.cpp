// The media socket is lost while the phone call goes on.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

CallReport talk_through_a_cut(World& world) {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 4));
  // Long after the cut, and answered by the same conversation.
  plan.utterances.push_back(say_tones(CallerStart::at_time, 25s, 10, 4));
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 20, 4));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 2min;
  plan.media_troubles.push_back({.kind = MediaTroubleKind::cut, .at = 14s});
  return world.call(plan);
}

void check_unbroken(World& world, const CallReport& report) {
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.sockets_opened == 2);
  CHECK(report.end_reason == "the caller hung up");
  world.wait_until_found();
  CHECK(world.voice_live->sessions_opened() == 1);
  CHECK(world.recordings().size() == 1);

  // Everything that was said is in the recording, which hears the line and not the socket.
  const StoredSound sound = read_wav(world.recording_audio().body);
  const double began = seconds(report.recordings.at(0).started_at);
  const auto caller = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(caller.size() == 12);
  for (unsigned i = 0; i < 12; ++i) CHECK(caller[i].number == i / 4 * 10 + i % 4);
  CHECK(std::abs(caller[4].start_s + began - spoken_at_s(report, "tones 10")) < 0.005);
  const auto assistant = decode_tones(sound.samples, sound.rate_hz, Party::assistant);
  REQUIRE(assistant.size() == world.speech.tones_spoken());
  // Notice, greeting, and an answer to each of the three turns.
  CHECK(assistant.size() == 5 * NumberedSpeech::tones_a_line);
  for (unsigned i = 0; i < assistant.size(); ++i) CHECK(assistant[i].number == i);

  std::size_t caller_turns = 0;
  for (const auto& turn : world.turns())
    caller_turns += World::text(turn.as_object(), "speaker") == "caller" ? 1 : 0;
  CHECK(caller_turns == 3);

  // The bridge heard and said all of it too, on one clock before and after.
  const TapSound tap = world.tap();
  const auto bridged = decode_tones(tap.caller, tap.rate_hz, Party::caller);
  REQUIRE(bridged.size() == 12);
  for (std::size_t i = 0; i < 12; ++i) {
    CHECK(bridged[i].number == caller[i].number);
    CHECK(std::abs(bridged[i].start_s - caller[i].start_s - began) < 0.005);
  }
  CHECK(decode_tones(tap.assistant, tap.rate_hz, Party::assistant).size() == assistant.size());
}

}  // namespace

TEST_CASE("a media socket that comes back by itself finds its call again") {
  World world({.acs = {.media_reconnect = MediaReconnect::by_itself}});
  check_unbroken(world, talk_through_a_cut(world));
}

TEST_CASE("a media socket that does not come back by itself is asked for") {
  World world({.acs = {.media_reconnect = MediaReconnect::when_asked}});
  check_unbroken(world, talk_through_a_cut(world));
}

TEST_CASE("what was said while there was no media socket is in the recording alone") {
  World world;
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::at_time, 10s, 0, 12));
  plan.hang_up_after_quiet = 4s;
  plan.length_max = 1min;
  plan.media_troubles.push_back({.kind = MediaTroubleKind::cut, .at = 12s});
  const CallReport report = world.call(plan);
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.sockets_opened == 2);
  world.wait_until_found();

  const StoredSound sound = read_wav(world.recording_audio().body);
  const auto recorded = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(recorded.size() == 12);
  const TapSound tap = world.tap();
  const auto bridged = decode_tones(tap.caller, tap.rate_hz, Party::caller);
  // The socket was away for half a second, which tears one or two tones; none is there twice, and
  // those on both sides of the hole are at their times.
  CHECK(bridged.size() >= 10);
  CHECK(bridged.size() <= 12);
  const double began = seconds(report.recordings.at(0).started_at);
  for (std::size_t i = 0; i < bridged.size(); ++i) {
    CAPTURE(bridged[i].number);
    CHECK((i == 0 || bridged[i].number > bridged[i - 1].number));
    if (bridged[i].number >= 3 && bridged[i].number <= 5) continue;
    CHECK(std::abs(bridged[i].start_s - recorded[bridged[i].number].start_s - began) < 0.005);
  }
  std::int64_t silent = 0;
  const auto from = static_cast<std::size_t>(tap.rate_hz) * 12;
  for (std::size_t i = from; i < from + tap.rate_hz; ++i) silent += tap.caller[i] == 0 ? 1 : 0;
  // Half a second of hole, and two pauses of 100 ms between tones at most.
  CHECK(silent > tap.rate_hz * 45 / 100);
  CHECK(silent < tap.rate_hz * 75 / 100);
}

TEST_CASE(
    "a call whose media socket never comes back goes on, recorded, with a hole in its ledger") {
  World world({.acs = {.media_reconnect = MediaReconnect::never}});
  CallPlan plan;
  // From the notice's end on, one tone each half second, the cut in their middle.
  plan.utterances.push_back(say_tones(CallerStart::at_time, 8s, 0, 80));
  plan.hang_up_at = 60s;
  plan.media_troubles.push_back({.kind = MediaTroubleKind::cut, .at = 20s});
  const auto placed = world.place(plan);
  world.runtime.advance(55s);
  // Nobody can speak with the caller, but to hang up would end a recording that may matter: a
  // person is told.
  CHECK(World::text(world.newest_call(), "state") == "connected");
  CHECK(std::ranges::count(world.journal(), "alert media_lost") == 1);
  const CallReport report = world.finish(placed);
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.end_reason == "the caller hung up");
  CHECK(report.sockets_opened == 1);
  world.wait_until_found();
  CHECK(World::text(world.newest_call(), "state") == "ended");
  // Asked for again and again, at growing distances.
  const auto asked = std::ranges::count(world.journal(), "media streaming asked for again");
  CHECK(asked >= 3);
  CHECK(asked <= 12);

  const StoredSound sound = read_wav(world.recording_audio().body);
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(heard.size() == 80);
  for (unsigned i = 0; i < heard.size(); ++i) CHECK(heard[i].number == i);

  const TapSound tap = world.tap();
  const auto bridged = decode_tones(tap.caller, tap.rate_hz, Party::caller);
  REQUIRE(bridged.size() >= 23);
  CHECK(bridged.size() <= 25);
  for (unsigned i = 0; i < bridged.size(); ++i) CHECK(bridged[i].number == i);

  const Ledgers ledgers = world.ledgers();
  REQUIRE(ledgers.size() == 1);
  const auto& seconds_kept = ledgers[0].seconds;
  REQUIRE(seconds_kept.size() >= 59);
  int heard_until = 0;
  for (const auto& second : seconds_kept) {
    CAPTURE(second.second);
    const bool levels =
        std::ranges::any_of(second.caller_levels, [](auto level) { return level != 0; });
    // The cut takes what is on its way with it, so the second before it may be short.
    if (second.second >= 9 && second.second < 19) {
      CHECK(second.caller_frames == 50);
      CHECK(levels);
    }
    if (second.second > 20) {
      CHECK(second.caller_frames == 0);
      CHECK_FALSE(levels);
    }
    if (levels) heard_until = static_cast<int>(second.second);
  }
  CHECK(heard_until >= 19);
  CHECK(heard_until <= 20);
}
