// What an interrupted assistant was heard to say: the bridge's estimate first, then what the
// recording shows; by the phone's own account of what it played.
#include "tests/scenario/syllables.hpp"
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace json = boost::json;

namespace {

WorldOptions with_delay(Speech& speech, Duration least, Duration most) {
  WorldOptions options;
  options.acs.line_delay_min = least;
  options.acs.line_delay_max = most;
  options.voice_live.assistant_lines = {
      "one two three four five six seven eight nine ten eleven twelve",
      "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima"};
  options.speech = &speech;
  return options;
}

// Answers that are interrupted, each somewhere else.
CallReport interrupting_call(World& world, std::uint64_t seed) {
  CallPlan plan;
  plan.utterances = {say_syllables(CallerStart::after_assistant, 700ms, 1500ms, seed),
                     say_syllables(CallerStart::over_assistant, 2000ms, 1800ms, seed + 1),
                     say_syllables(CallerStart::over_assistant, 2700ms, 1600ms, seed + 2),
                     say_syllables(CallerStart::over_assistant, 1400ms, 1700ms, seed + 3)};
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 90s;
  CallReport report = world.call(std::move(plan));
  REQUIRE(report.outcome == CallOutcome::completed);
  world.verdict();
  return report;
}

struct Cut {
  double played_to_s = 0;    // by the phone, since the call connected
  double played_s = 0;       // of the utterance
  double verified_to_s = 0;  // in the repaired audio
  double verified_s = 0;     // of the utterance
  double uncertainty_s = 0;  // of the end
  double believed_s = 0;     // by the bridge
  double estimate_s = 0;     // that the bridge took off
  std::string placed_by;
  std::string text;
  std::string believed_text;
};

double number(const json::object& object, const char* name) {
  return object.at(name).to_number<double>();
}

std::vector<Cut> cuts_of(World& world, const CallReport& report) {
  std::vector<Cut> cuts;
  for (const PlayedRun& run : report.played_runs)
    if (run.flushed)
      cuts.push_back(
          {.played_to_s = static_cast<double>(run.first_sample + run.samples) / report.rate_hz,
           .played_s = static_cast<double>(run.samples) / report.rate_hz});
  const Reply reply =
      world.api(fmt::format("/api/v1/calls/{}/transcript?source=repaired", world.newest_call_id()));
  REQUIRE(reply.status == 200);
  std::size_t next = 0;
  const json::value transcript = reply.json();
  for (const auto& value : transcript.at("turns").as_array()) {
    const auto& turn = value.as_object();
    if (turn.at("cut").is_null()) continue;
    REQUIRE(next < cuts.size());
    Cut& cut = cuts[next++];
    const auto& told = turn.at("cut").as_object();
    const auto& call = turn.at("positions").at("call").as_object();
    cut.placed_by = World::text(told, "placedBy");
    cut.text = World::text(turn, "text");
    cut.believed_text = World::text(told, "believedText");
    cut.verified_to_s = number(turn, "endSeconds");
    cut.verified_s = number(call, "endSeconds") - number(call, "startSeconds");
    cut.believed_s = number(told, "believedEndSeconds") - number(call, "startSeconds");
    cut.estimate_s = number(told, "stopAudioSeconds") - number(told, "believedEndSeconds");
    if (!told.at("uncertaintySeconds").is_null())
      cut.uncertainty_s = number(told, "uncertaintySeconds");
  }
  REQUIRE(next == cuts.size());
  REQUIRE(cuts.size() >= 2);
  return cuts;
}

double mean_error_s(const std::vector<Cut>& cuts) {
  double sum = 0;
  for (const Cut& cut : cuts) sum += std::abs(cut.believed_s - cut.played_s);
  return sum / static_cast<double>(cuts.size());
}

void check_verified(const std::vector<Cut>& cuts) {
  for (const Cut& cut : cuts) {
    CAPTURE(cut.placed_by);
    CAPTURE(cut.played_to_s);
    CAPTURE(cut.verified_to_s);
    CAPTURE(cut.believed_s);
    CAPTURE(cut.played_s);
    CHECK(cut.placed_by == "waveform");
    CHECK(std::abs(cut.verified_to_s - cut.played_to_s) < 0.1);
    CHECK(std::abs(cut.verified_s - cut.played_s) < 0.1);
    CHECK(std::abs(cut.verified_s - cut.played_s) < cut.uncertainty_s + 0.02);
    // A word lasts 400 ms, and there are no word times: one more or less.
    const auto words = 1.0 + static_cast<double>(std::ranges::count(cut.text, ' '));
    CHECK(std::abs(words - cut.played_s / 0.4) < 1.6);
  }
}

}  // namespace

TEST_CASE("an interrupted turn ends where the phone stopped, and the next call knows the delay") {
  for (const Duration delay : {150ms, 250ms, 400ms}) {
    CAPTURE(delay.count());
    SyllableSpeech speech;
    World world(with_delay(speech, delay, delay));
    const auto first = cuts_of(world, interrupting_call(world, 1));
    check_verified(first);
    // Until something was measured the bridge takes 250 ms off.
    for (const Cut& cut : first) CHECK(std::abs(cut.estimate_s - 0.25) < 0.005);

    // What was measured outlives the service.
    world.stop_service();
    world.start_service();
    const auto second = cuts_of(world, interrupting_call(world, 11));
    check_verified(second);
    for (const Cut& cut : second) CHECK(std::abs(cut.estimate_s - seconds(delay)) < 0.06);
    CHECK(mean_error_s(second) < 0.06);
    if (delay != 250ms) CHECK(mean_error_s(second) < mean_error_s(first));
  }
}

TEST_CASE("with a delay that varies from line to line each interrupted turn ends where it did") {
  SyllableSpeech speech;
  World world(with_delay(speech, 150ms, 400ms));
  check_verified(cuts_of(world, interrupting_call(world, 21)));

  const auto second = cuts_of(world, interrupting_call(world, 31));
  check_verified(second);
  for (const Cut& cut : second) {
    CHECK(cut.estimate_s > 0.13);
    CHECK(cut.estimate_s < 0.42);
  }
}

TEST_CASE("a downlink delay that is set by hand is not replaced by a measured one") {
  SyllableSpeech speech;
  auto options = with_delay(speech, 150ms, 150ms);
  options.environment["DOWNLINK_ESTIMATE_MS"] = "320";
  World world(std::move(options));
  interrupting_call(world, 41);

  for (const Cut& cut : cuts_of(world, interrupting_call(world, 51)))
    CHECK(std::abs(cut.estimate_s - 0.32) < 0.005);
}
