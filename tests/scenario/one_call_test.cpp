// The whole path of one call.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

constexpr double tone_period_s = 0.5;
// decode_tones finds an edge to about 2 ms, and a resampler to 16 kHz smears it by one more.
constexpr double decoded_within_s = 0.005;

CallPlan two_turns() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 6));
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 6, 4));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 90s;
  return plan;
}

void check_caller(const std::vector<HeardTone>& heard, const CallReport& report, double offset_s) {
  REQUIRE(heard.size() == 10);
  for (unsigned i = 0; i < 10; ++i) {
    CAPTURE(i);
    const double said = i < 6 ? spoken_at_s(report, "tones 0") + i * tone_period_s
                              : spoken_at_s(report, "tones 6") + (i - 6) * tone_period_s;
    CHECK(heard[i].number == i);
    CHECK(std::abs(heard[i].start_s + offset_s - said) < decoded_within_s);
    CHECK(std::abs(heard[i].end_s - heard[i].start_s - 0.4) < 2 * decoded_within_s);
  }
}

}  // namespace

TEST_CASE(
    "a call is answered, bridged, recorded in chunks, found and played, every tone in its place") {
  World world({.acs = {.chunk_length = 5s}});
  const CallReport report = world.call(two_turns());
  REQUIRE(report.outcome == CallOutcome::completed);
  world.wait_until_found();

  // Notice, greeting and two answers.
  const unsigned spoken = world.speech.tones_spoken();
  CHECK(spoken == 4 * NumberedSpeech::tones_a_line);
  CHECK(report.bad_messages == 0);
  CHECK(report.frames_lost == 0);
  CHECK(report.callbacks_refused == 0);
  CHECK(report.samples_played == static_cast<std::int64_t>(spoken) * 12000);

  SUBCASE("in the recording that the API gives") {
    REQUIRE(report.recordings.size() == 1);
    CHECK(report.recordings[0].chunks.size() >= 3);
    const Reply reply = world.recording_audio();
    REQUIRE(reply.status == 200);
    const StoredSound sound = read_wav(reply.body);
    CHECK(sound.rate_hz == 16000);
    const double began = seconds(report.recordings[0].started_at);
    CHECK(static_cast<double>(sound.samples.size()) / sound.rate_hz ==
          doctest::Approx(seconds(report.recordings[0].length)).epsilon(0.001));
    check_caller(decode_tones(sound.samples, sound.rate_hz, Party::caller), report, began);
    const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::assistant);
    REQUIRE(heard.size() == spoken);
    for (unsigned i = 0; i < spoken; ++i) {
      CAPTURE(i);
      CHECK(heard[i].number == i);
      const double played = played_at_s(report, std::int64_t{i} * 12000);
      CHECK(std::abs(heard[i].start_s + began - played) < decoded_within_s);
    }
  }

  SUBCASE("in the bridge's own copy") {
    const TapSound sound = world.tap();
    CHECK(sound.runs == 1);
    CHECK(sound.rate_hz == 24000);
    // CallConnected names its time in milliseconds, and the first frame sets the caller's clock.
    check_caller(decode_tones(sound.caller, sound.rate_hz, Party::caller), report, 0);
    const auto heard = decode_tones(sound.assistant, sound.rate_hz, Party::assistant);
    REQUIRE(heard.size() == spoken);
    for (unsigned i = 0; i < spoken; ++i) {
      CAPTURE(i);
      CHECK(heard[i].number == i);
      // The bridge knows when it sent, the phone plays later: 150 to 400 ms on this line.
      const double later = played_at_s(report, std::int64_t{i} * 12000) - heard[i].start_s;
      CHECK(later > 0.150 - decoded_within_s);
      CHECK(later < 0.400 + decoded_within_s);
    }
  }

  SUBCASE("and what the service says of it is complete") {
    const auto call = world.newest_call();
    CHECK(World::text(call, "state") == "ended");
    CHECK(World::text(call, "caller") == "+15550100");
    CHECK(World::text(call, "callConnectionId") == report.connection_id);
    const auto turns = world.turns();
    REQUIRE(turns.size() == 6);
    const std::vector<std::string> speakers{"assistant", "assistant", "caller",
                                            "assistant", "caller",    "assistant"};
    for (std::size_t i = 0; i < turns.size(); ++i) {
      CAPTURE(i);
      const auto& turn = turns[i].as_object();
      CHECK(World::text(turn, "speaker") == speakers[i]);
      CHECK_FALSE(World::text(turn, "text").empty());
      CHECK_FALSE(turn.at("interrupted").as_bool());
    }
    // Turn detection works in frames of 20 ms.
    CHECK(std::abs(turns[2].at("startSeconds").as_double() - spoken_at_s(report, "tones 0")) <
          0.03);
    CHECK(std::abs(turns[4].at("startSeconds").as_double() - spoken_at_s(report, "tones 6")) <
          0.03);
    const auto journal = world.journal();
    for (const char* type : {"event IncomingCall", "answer accepted", "event CallConnected",
                             "media socket opened", "recording started", "recording active",
                             "recording_notice_said", "call ended", "event CallDisconnected"}) {
      CAPTURE(std::string(type));
      CHECK(std::ranges::count(journal, type) == 1);
    }
    CHECK(journal.front() == "event IncomingCall");
    CHECK(std::ranges::count(journal, "recording chunks discovered") > 0);
  }
}
