// What was said on a call, and where it is heard: by the API's transcript on one side, by the
// simulator's own account of what was played and by the downloaded audio on the other.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <map>
#include <span>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace json = boost::json;

namespace {

constexpr double in_step_s = 0.1;

// Tones of uneven length with uneven holes, so that a stretch of speech fits in one place only, as
// words do. The first one is long enough for turn detection to begin with it.
CallerUtterance say_words(CallerStart start, Duration delay, unsigned first, unsigned count) {
  constexpr std::uint32_t rate = 24000;
  CallerUtterance utterance{.start = start, .delay = delay, .rate_hz = rate};
  for (unsigned i = first; i < first + count; ++i) {
    const Duration length = i == first ? Duration(420ms) : Duration(140ms + i * 7919 % 23 * 10ms);
    const auto tone = make_tone(Party::caller, i, length, rate);
    utterance.samples.insert(utterance.samples.end(), tone.begin(), tone.end());
    const std::size_t hole = (60 + i * 104'729 % 17 * 10) * rate / 1000;
    if (i + 1 < first + count) utterance.samples.insert(utterance.samples.end(), hole, 0);
  }
  utterance.label = fmt::format("words {}", first);
  return utterance;
}

double length_s(const CallerUtterance& utterance) {
  return static_cast<double>(utterance.samples.size()) / utterance.rate_hz;
}

// The truth, from the phone: when somebody was heard saying a known line, and with which tones.
struct Spoken {
  std::string who;
  std::string text;
  double start_s = 0;  // since the call connected
  double end_s = 0;
  unsigned first_tone = 0;
  unsigned tones = 0;
};

std::vector<Spoken> truth_of(const CallReport& report, World& world,
                             const std::vector<CallerUtterance>& said,
                             const std::vector<std::string>& texts,
                             const std::vector<unsigned>& first_tones,
                             const std::vector<unsigned>& tones) {
  std::vector<Spoken> truth;
  for (std::size_t i = 0; i < said.size(); ++i) {
    const double at = spoken_at_s(report, said[i].label);
    truth.push_back({"caller", texts[i], at, at + length_s(said[i]), first_tones[i], tones[i]});
  }
  std::int64_t sample = 0;
  unsigned tone = 0;
  for (const auto& item : world.voice_live->items()) {
    REQUIRE(item.truncated_at_ms == -1);
    truth.push_back({"assistant", item.text, played_at_s(report, sample), 0, tone,
                     NumberedSpeech::tones_a_line});
    sample += static_cast<std::int64_t>(item.samples);
    truth.back().end_s = played_at_s(report, sample - 1);
    tone += NumberedSpeech::tones_a_line;
  }
  return truth;
}

json::object transcript(World& world, const std::string& source) {
  const Reply reply = world.api(
      fmt::format("/api/v1/calls/{}/transcript?source={}", world.newest_call_id(), source));
  CAPTURE(reply.body);
  REQUIRE(reply.status == 200);
  return reply.json().as_object();
}

json::object turn_of(const json::object& transcript, const Spoken& spoken) {
  for (const auto& turn : transcript.at("turns").as_array())
    if (World::text(turn.as_object(), "speaker") == spoken.who &&
        World::text(turn.as_object(), "text") == spoken.text)
      return turn.as_object();
  FAIL("no turn with that text: ", spoken.text);
  return {};
}

double number(const json::object& object, const char* name) {
  return object.at(name).to_number<double>();
}

// The tones of one line in a downloaded recording: where the first begins, where the last ends.
struct Heard {
  std::vector<HeardTone> tones;
};
Heard heard_of(const StoredSound& sound, const Spoken& spoken) {
  const auto party = spoken.who == "caller" ? Party::caller : Party::assistant;
  Heard heard;
  for (const auto& tone : decode_tones(sound.samples, sound.rate_hz, party))
    if (tone.number >= spoken.first_tone && tone.number < spoken.first_tone + spoken.tones)
      heard.tones.push_back(tone);
  return heard;
}

StoredSound audio(World& world, const std::string& source) {
  const Reply reply =
      world.api(fmt::format("/api/v1/calls/{}/audio?source={}", world.newest_call_id(), source));
  REQUIRE(reply.status == 200);
  return read_wav(reply.body);
}

struct Telling {
  std::vector<CallerUtterance> said;
  std::vector<Spoken> truth;
};

// Four lines of the caller's and six of the assistant's, chunks of seven seconds, one of them lost,
// a pause of four seconds in which nobody speaks, a recorder that drifts, and a delay of 150 to 400
// ms on the assistant's way that is another one with each line.
Telling tell(World& world, const std::vector<std::string>& caller_lines) {
  CallPlan plan;
  Telling telling;
  telling.said = {say_words(CallerStart::after_assistant, 900ms, 0, 7),
                  say_words(CallerStart::after_assistant, 5500ms, 20, 9),
                  say_words(CallerStart::after_assistant, 800ms, 40, 8),
                  say_words(CallerStart::after_assistant, 600ms, 60, 9)};
  plan.utterances = telling.said;
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 2min;
  plan.recording.drift_ppm = 200;
  plan.recording.chunks = {{.kind = ChunkTroubleKind::lost, .index = 2}};
  const auto placed = world.place(std::move(plan));
  world.runtime.advance(12s);
  const std::string recording = World::text(world.recordings().front().as_object(), "recordingId");
  REQUIRE(world.api("/api/v1/recordings/" + recording + "/pause", "POST").status == 202);
  world.runtime.advance(4s);
  REQUIRE(world.api("/api/v1/recordings/" + recording + "/resume", "POST").status == 202);
  const CallReport report = world.finish(placed);
  REQUIRE(report.outcome == CallOutcome::completed);
  world.verdict();
  telling.truth =
      truth_of(report, world, telling.said, caller_lines, {0, 20, 40, 60}, {7, 9, 8, 9});
  return telling;
}

const std::vector<std::string> caller_lines = {"I called about my invoice", "the one of March",
                                               "yes please do", "thank you and goodbye"};
const std::vector<std::string> assistant_lines = {"one two three four", "five six seven eight",
                                                  "nine ten eleven twelve", "thirteen to sixteen"};

WorldOptions bad_weather(std::uint64_t seed, bool second_copies) {
  WorldOptions options;
  options.acs.chunk_length = 7s;
  options.acs.seed = seed;
  options.acs.send_file_event = second_copies;
  options.voice_live.assistant_lines = assistant_lines;
  options.voice_live.caller_lines = caller_lines;
  return options;
}

}  // namespace

TEST_CASE("every turn stands where it was played, or says how far off it may be") {
  // The lost chunk comes back from ACS's second copy, or from the tap.
  for (const bool second_copies : {true, false}) {
    CAPTURE(second_copies);
    World world(bad_weather(1, second_copies));
    const auto telling = tell(world, caller_lines);
    REQUIRE(telling.truth.size() == 10);
    const auto repaired = transcript(world, "repaired");
    CHECK(World::text(repaired, "placedBy") != "call_clock");
    int in_step = 0;
    for (const auto& spoken : telling.truth) {
      CAPTURE(spoken.text);
      const auto turn = turn_of(repaired, spoken);
      CAPTURE(json::serialize(turn));
      CAPTURE(spoken.start_s);
      CAPTURE(spoken.end_s);
      // Of a line whose sound is in no chunk nobody can know with which delay it was played. Then
      // the answer says how far off it may be.
      const double uncertain_s = number(turn, "uncertaintySeconds");
      const double off_s = std::max(in_step_s, uncertain_s);
      in_step += uncertain_s < in_step_s ? 1 : 0;
      CHECK(std::abs(number(turn, "startSeconds") - spoken.start_s) < off_s);
      CHECK(std::abs(number(turn, "endSeconds") - spoken.end_s) < off_s);
    }
    CHECK(in_step >= 6);
  }
}

TEST_CASE("a turn is heard where the transcript of that audio says") {
  // Of the lost chunk's lines too: where ACS's copy has them, or where the tap was put.
  for (const bool second_copies : {true, false}) {
    CAPTURE(second_copies);
    World world(bad_weather(1, second_copies));
    const auto telling = tell(world, caller_lines);
    for (const std::string source : {"acs", "repaired"}) {
      const auto words = transcript(world, source);
      const auto sound = audio(world, source);
      int in_step = 0;
      int absent = 0;
      std::string known;  // of each turn: how well its place is known, and by what
      for (const auto& spoken : telling.truth) {
        const auto turn = turn_of(words, spoken);
        const auto heard = heard_of(sound, spoken).tones;
        const auto presence = World::text(turn, "presence");
        CAPTURE(source);
        CAPTURE(json::serialize(turn));
        absent += presence == "none" ? 1 : 0;
        known += fmt::format("\n  {:.1f} s {} {} ±{:.3f} s by {}, {} of {} tones", spoken.start_s,
                             spoken.who, presence, number(turn, "uncertaintySeconds"),
                             World::text(turn, "placedBy"), heard.size(), spoken.tones);
        // A tone that a seam cuts may not be decoded.
        if (presence == "none") CHECK(heard.size() <= 1);
        if (presence != "whole" || heard.size() < spoken.tones ||
            number(turn, "uncertaintySeconds") >= in_step_s)
          continue;
        ++in_step;
        CHECK(std::abs(number(turn, "startSeconds") - heard.front().start_s) < in_step_s);
        // The assistant's lines end in 100 ms of silence.
        const double silence = spoken.who == "assistant" ? 0.1 : 0;
        CHECK(std::abs(number(turn, "endSeconds") - silence - heard.back().end_s) < in_step_s);
      }
      CAPTURE(known);
      CHECK(in_step >= (source == "repaired" && !second_copies ? 7 : 5));
      CHECK((absent > 0) == (source == "acs"));
    }
  }
}

TEST_CASE("the transcript lies beside the audio, and nothing that was said is in the log") {
  World world(bad_weather(1, true));
  tell(world, caller_lines);
  std::map<std::string, std::string> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(world.directory.path() / "recordings")) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("transcript")) continue;
    CHECK(std::filesystem::exists(entry.path().parent_path() / "manifest.json"));
    std::ifstream file(entry.path(), std::ios::binary);
    files[name] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  REQUIRE(files.size() == 3);
  CHECK(files.at("transcript-1.json") == files.at("transcript.json"));
  CHECK(json::parse(files.at("transcript.json")) == json::value(transcript(world, "repaired")));
  const auto vtt = world.api(fmt::format("/api/v1/calls/{}/transcript?source=repaired&format=vtt",
                                         world.newest_call_id()));
  CHECK(files.at("transcript.vtt") == vtt.body);
  const auto found = world.api("/api/v1/transcripts/search?q=MY%20invoice");
  REQUIRE(found.status == 200);
  REQUIRE(found.json().at("hits").as_array().size() == 1);
  CHECK(World::text(found.json().at("hits").at(0).as_object(), "contextId") ==
        world.newest_call_id());
  for (const auto& lines : {caller_lines, assistant_lines})
    for (const auto& line : lines) CHECK_FALSE(world.log.contains(line));
  CHECK_FALSE(world.log.contains("MY invoice"));
}
