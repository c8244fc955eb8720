// The other forms in which a call can be streamed and recorded.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

constexpr double tone_period_s = 0.5;

struct Tolerance {
  double start_s;
  double length_s;
};
// As in one_call_test: the decoder's own 2 ms and one for a resampler.
constexpr Tolerance exact{.start_s = 0.005, .length_s = 0.010};

CallPlan two_turns() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 100, 6));
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 106, 4));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 90s;
  return plan;
}

double said_at_s(const CallReport& report, unsigned tone) {
  return tone < 6 ? spoken_at_s(report, "tones 100") + tone * tone_period_s
                  : spoken_at_s(report, "tones 106") + (tone - 6) * tone_period_s;
}

// `offset_s`: from the call's clock to the sound's.
void check_caller(const std::vector<HeardTone>& heard, const CallReport& report, double offset_s,
                  Tolerance within) {
  REQUIRE(heard.size() == 10);
  for (unsigned i = 0; i < 10; ++i) {
    CAPTURE(i);
    CHECK(heard[i].number == 100 + i);
    CHECK(std::abs(heard[i].start_s + offset_s - said_at_s(report, i)) < within.start_s);
    CHECK(std::abs(heard[i].end_s - heard[i].start_s - 0.4) < within.length_s);
  }
}

void check_assistant(World& world, const std::vector<HeardTone>& heard, const CallReport& report,
                     double offset_s, Tolerance within) {
  // Notice, greeting and two answers.
  REQUIRE(world.speech.tones_spoken() == 4 * NumberedSpeech::tones_a_line);
  REQUIRE(heard.size() == world.speech.tones_spoken());
  for (unsigned i = 0; i < heard.size(); ++i) {
    CAPTURE(i);
    CHECK(heard[i].number == i);
    const double played = played_at_s(report, std::int64_t{i} * report.rate_hz / 2);
    CHECK(std::abs(heard[i].start_s + offset_s - played) < within.start_s);
    CHECK(std::abs(heard[i].end_s - heard[i].start_s - 0.4) < within.length_s);
  }
}

void check_16_khz(const std::string& session_rate, std::uint32_t session_rate_hz) {
  World world(
      {.acs = {.chunk_length = 12s},
       .environment = {{"MEDIA_SAMPLE_RATE", "16000"}, {"VOICE_LIVE_SAMPLE_RATE", session_rate}}});
  const CallReport report = world.call(two_turns());
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.rate_hz == 16000);
  CHECK(report.bad_messages == 0);
  CHECK(report.frames_lost == 0);
  for (const auto& item : world.voice_live->items()) CHECK(item.sample_rate_hz == session_rate_hz);
  world.wait_until_found();

  const Reply reply = world.recording_audio();
  REQUIRE(reply.status == 200);
  const StoredSound sound = read_wav(reply.body);
  const double began = seconds(report.recordings.at(0).started_at);
  check_caller(decode_tones(sound.samples, sound.rate_hz, Party::caller), report, began, exact);
  check_assistant(world, decode_tones(sound.samples, sound.rate_hz, Party::assistant), report,
                  began, exact);

  // What the assistant understood, at the times at which it was said.
  const auto turns = world.turns();
  REQUIRE(turns.size() == 6);
  CHECK(std::abs(turns[2].at("startSeconds").as_double() - said_at_s(report, 0)) < 0.03);
  CHECK(std::abs(turns[4].at("startSeconds").as_double() - said_at_s(report, 6)) < 0.03);

  const TapSound tap = world.tap();
  CHECK(tap.rate_hz == 16000);
  check_caller(decode_tones(tap.caller, tap.rate_hz, Party::caller), report, 0, exact);
  const auto heard = decode_tones(tap.assistant, tap.rate_hz, Party::assistant);
  REQUIRE(heard.size() == world.speech.tones_spoken());
  for (unsigned i = 0; i < heard.size(); ++i) {
    CAPTURE(i);
    CHECK(heard[i].number == i);
    // Sent by us, and played 150 to 400 ms later.
    const double later =
        played_at_s(report, std::int64_t{i} * report.rate_hz / 2) - heard[i].start_s;
    CHECK(later > 0.150 - exact.start_s);
    CHECK(later < 0.400 + exact.start_s);
  }
}

}  // namespace

TEST_CASE("an unmixed recording keeps caller and assistant in channels of their own") {
  // Nothing is in the container before the recording is over: two chunks, one cut and one ended.
  World world(
      {.acs = {.chunk_length = 12s}, .environment = {{"RECORDING_CHANNEL_TYPE", "unmixed"}}});
  const CallReport report = world.call(two_turns());
  REQUIRE(report.outcome == CallOutcome::completed);
  world.wait_until_found();
  REQUIRE(report.recordings.size() == 1);
  const auto shown = world.recording(report.recordings[0].recording_id);
  CHECK(shown.at("chunkCount").to_number<int>() == 2);
  CHECK(World::text(shown, "channels") == "unmixed");
  for (const auto& chunk : shown.at("chunks").as_array())
    CHECK(chunk.at("channels").to_number<int>() == 2);

  const Reply reply = world.recording_audio();
  REQUIRE(reply.status == 200);
  const StoredSound sound = read_wav(reply.body, 2);
  CHECK(sound.rate_hz == 16000);
  const double began = seconds(report.recordings[0].started_at);
  const auto caller = sound.channel(0);
  const auto assistant = sound.channel(1);
  CHECK(static_cast<double>(caller.size()) / sound.rate_hz ==
        doctest::Approx(seconds(report.recordings[0].length)).epsilon(0.001));
  check_caller(decode_tones(caller, sound.rate_hz, Party::caller), report, began, exact);
  check_assistant(world, decode_tones(assistant, sound.rate_hz, Party::assistant), report, began,
                  exact);
  // And in no other.
  CHECK(decode_tones(caller, sound.rate_hz, Party::assistant).empty());
  CHECK(decode_tones(assistant, sound.rate_hz, Party::caller).empty());
}

TEST_CASE("a call at 16 kHz reaches a session at 16 kHz untouched, every tone in its place") {
  check_16_khz("media", 16000);
}

TEST_CASE("a call at 16 kHz is resampled for a session at 24 kHz, every tone in its place") {
  check_16_khz("24000", 24000);
}

TEST_CASE("an mp3 recording is downloaded as one mp3 of all chunks, every tone in its place") {
  World world({.acs = {.chunk_length = 9s}, .environment = {{"RECORDING_FORMAT", "mp3"}}});
  const CallReport report = world.call(two_turns());
  REQUIRE(report.outcome == CallOutcome::completed);
  world.wait_until_found();
  REQUIRE(report.recordings.size() == 1);
  const auto shown = world.recording(report.recordings[0].recording_id);
  CHECK(World::text(shown, "format") == "mp3");
  CHECK(shown.at("chunkCount").to_number<std::size_t>() == report.recordings[0].chunks.size());
  CHECK(report.recordings[0].chunks.size() >= 2);

  const Reply reply = world.recording_audio();
  REQUIRE(reply.status == 200);
  CHECK(reply.headers.get("Content-Type") == "audio/mpeg");
  const StoredSound sound = read_mp3(world, reply.body);
  CHECK(sound.rate_hz == 16000);
  const double began = seconds(report.recordings[0].started_at);
  // An encoder puts silence of its own, less than 100 ms, around each chunk.
  const auto chunks = static_cast<double>(report.recordings[0].chunks.size());
  const Tolerance coded{.start_s = 0.1 * chunks, .length_s = 0.04};
  CHECK(std::abs(static_cast<double>(sound.samples.size()) / sound.rate_hz -
                 seconds(report.recordings[0].length)) < coded.start_s);
  check_caller(decode_tones(sound.samples, sound.rate_hz, Party::caller), report, began, coded);
  check_assistant(world, decode_tones(sound.samples, sound.rate_hz, Party::assistant), report,
                  began, coded);
}
