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
