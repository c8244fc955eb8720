// A call that outlasts the assistant's session.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

struct Said {
  double at_s;
  unsigned tone;
};

// Of a long recording only what sounds is decoded, for the sake of the test's own time.
std::vector<HeardTone> decode_sounding(const StoredSound& sound, Party party) {
  std::vector<HeardTone> heard;
  const std::size_t quiet_max = sound.rate_hz / 2;
  const auto& samples = sound.samples;
  std::size_t at = 0;
  const auto is_loud = [&](std::size_t i) { return std::abs(samples[i]) > 200; };
  while (true) {
    while (at < samples.size() && !is_loud(at)) ++at;
    if (at == samples.size()) return heard;
    std::size_t last = at;
    for (std::size_t i = at; i < samples.size() && i - last < quiet_max; ++i)
      if (is_loud(i)) last = i;
    const std::size_t from = at > quiet_max ? at - quiet_max : 0;
    const std::size_t to = std::min(last + quiet_max, samples.size());
    const std::span stretch(samples.data() + from, to - from);
    const double offset = static_cast<double>(from) / sound.rate_hz;
    for (auto tone : decode_tones(stretch, sound.rate_hz, party)) {
      tone.start_s += offset;
      tone.end_s += offset;
      heard.push_back(tone);
    }
    at = to;
  }
}

}  // namespace

TEST_CASE("a call of 62 minutes changes its session before the hour, and nobody hears it") {
  // At the rate and with the silence that cost the test least.
  World world({.acs = {.silent_frames = SilentFrames::no_data, .chunk_length = 40min},
               .environment = {{"MEDIA_SAMPLE_RATE", "16000"}}});
  // At the beginning, in the first session's last minutes, after the change, and past the hour.
  const std::vector<std::pair<Duration, unsigned>> said{
      {8s, 0}, {54min, 100}, {58min, 200}, {61min + 30s, 300}};
  CallPlan plan;
  for (const auto& [at, tone] : said)
    plan.utterances.push_back(say_tones(CallerStart::at_time, at, tone, 4));
  plan.hang_up_at = 62min;
  plan.length_max = 70min;
  const CallReport report = world.call(plan);
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.end_reason == "the caller hung up");
  CHECK(report.sockets_opened == 1);
  CHECK(report.frames_lost == 0);
  CHECK(report.stop_audios.empty());
  // Not cut off by the service: a second session took over, once.
  CHECK(world.voice_live->sessions_opened() == 2);
  const auto& items = world.voice_live->items();
  REQUIRE(items.size() == 6);  // notice, greeting, four answers
  for (std::size_t i = 0; i < items.size(); ++i)
    CHECK((items[i].session_id == items[0].session_id) == (i < 4));
  CHECK(std::ranges::count(world.journal(), "session_rotated") == 1);
  CHECK(std::ranges::count(world.journal(), "session_lost") == 0);

  // Each turn at its time of the call, whichever session heard it.
  const auto turns = world.turns();
  REQUIRE(turns.size() == 10);
  std::vector<double> caller_turns;
  std::vector<double> answers;
  for (const auto& turn : turns) {
    const bool caller = World::text(turn.as_object(), "speaker") == "caller";
    (caller ? caller_turns : answers).push_back(turn.at("startSeconds").as_double());
  }
  REQUIRE(caller_turns.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(std::abs(caller_turns[i] - seconds(said[i].first)) < 0.05);
    // Four tones of 2 s, half a second of silence, and a moment to think.
    CHECK(answers.at(2 + i) > caller_turns[i] + 2);
    CHECK(answers.at(2 + i) < caller_turns[i] + 4);
  }

  world.wait_until_found();
  const StoredSound sound = read_wav(world.recording_audio().body);
  const double began = seconds(report.recordings.at(0).started_at);
  CHECK(report.recordings[0].chunks.size() == 2);
  const auto heard = decode_sounding(sound, Party::caller);
  REQUIRE(heard.size() == 16);
  for (std::size_t i = 0; i < heard.size(); ++i) {
    CAPTURE(i);
    CHECK(heard[i].number == said[i / 4].second + i % 4);
    const double at = seconds(said[i / 4].first) + 0.5 * static_cast<double>(i % 4);
    CHECK(std::abs(heard[i].start_s + began - at) < 0.03);
  }
  const auto spoken = decode_sounding(sound, Party::assistant);
  REQUIRE(spoken.size() == world.speech.tones_spoken());
  for (unsigned i = 0; i < spoken.size(); ++i) {
    CAPTURE(i);
    CHECK(spoken[i].number == i);
    CHECK(std::abs(spoken[i].start_s + began - played_at_s(report, std::int64_t{i} * 8000)) <
          0.005);
  }
}
