// Calls on which our own voice comes back in what comes in of the caller: the verdict names it, and
// takes none of it for the caller.
#include "tests/scenario/syllables.hpp"
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace json = boost::json;

namespace {

constexpr Duration line_delay = 200ms;

// The echo is below what the assistant's turn detection takes for speech, as after an echo
// cancellation of its own, and well above what the ledger counts as speech.
WorldOptions quiet_assistant(Speech& speech) {
  WorldOptions options;
  options.acs.line_delay_min = options.acs.line_delay_max = line_delay;
  options.voice_live.speech_threshold_dbfs = -28;
  options.voice_live.assistant_lines = {"one two three four five six seven eight",
                                        "alpha bravo charlie delta echo foxtrot golf hotel"};
  options.speech = &speech;
  return options;
}

MediaTrouble echo(Duration delay) {
  return {.kind = MediaTroubleKind::echo, .echo_delay = delay, .echo_gain_db = -16};
}

CallPlan two_turns() {
  CallPlan plan;
  plan.utterances = {say_syllables(CallerStart::after_assistant, 900ms, 2500ms, 1),
                     say_syllables(CallerStart::after_assistant, 900ms, 2200ms, 2)};
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 90s;
  return plan;
}

const json::object* find(const json::object& verdict, std::string_view kind) {
  for (const auto& one : verdict.at("findings").as_array())
    if (World::text(one.as_object(), "kind") == kind) return &one.as_object();
  return nullptr;
}

double number(const json::object& verdict, const char* name) {
  return verdict.at("numbers").as_object().at(name).to_number<double>();
}

std::size_t caller_turns(World& world) {
  const auto turns = world.turns();
  return static_cast<std::size_t>(std::ranges::count_if(turns, [](const json::value& turn) {
    return World::text(turn.as_object(), "speaker") == "caller";
  }));
}

struct Judged {
  json::object verdict;
  std::size_t caller_turns = 0;
  std::size_t stop_audios = 0;
};

Judged judge(CallPlan plan) {
  SyllableSpeech speech;
  World world(quiet_assistant(speech));
  const CallReport report = world.call(std::move(plan));
  REQUIRE(report.outcome == CallOutcome::completed);
  auto verdict = world.verdict();
  const auto stopped = std::ranges::count_if(
      report.stop_audios, [](const StopAudioReport& one) { return one.while_playing; });
  return {std::move(verdict), caller_turns(world), static_cast<std::size_t>(stopped)};
}

}  // namespace

TEST_CASE("our own voice that comes back is named, with its delay, and is not the caller") {
  const Judged clean = judge(two_turns());
  CAPTURE(json::serialize(clean.verdict));
  CHECK(find(clean.verdict, "own_voice_returns") == nullptr);
  CHECK(World::text(clean.verdict, "kind") == "complete");
  CHECK(clean.caller_turns == 2);
  CHECK(number(clean.verdict, "callerAloneSeconds") > 3);

  for (const Duration delay : {100ms, 400ms}) {
    CAPTURE(delay.count());
    CallPlan plan = two_turns();
    plan.media_troubles.push_back(echo(delay));
    const Judged echoed = judge(std::move(plan));
    CAPTURE(json::serialize(echoed.verdict));
    CHECK(World::text(echoed.verdict, "kind") == "complete");
    CHECK(echoed.verdict.at("corroborated").as_bool());
    const auto* finding = find(echoed.verdict, "own_voice_returns");
    REQUIRE(finding != nullptr);
    CHECK(World::text(*finding, "party") == "caller");
    CHECK(World::text(*finding, "detail")
              .contains(fmt::format("{} ms later and 16 dB quieter", (line_delay + delay) / 1ms)));
    CHECK(echoed.caller_turns == 2);
    CHECK(echoed.stop_audios == 0);
    CHECK(std::abs(number(echoed.verdict, "callerAloneSeconds") -
                   number(clean.verdict, "callerAloneSeconds")) < 0.3);
    // Taken for the caller, it would leave the assistant no moment alone to be judged by.
    CHECK(std::abs(number(echoed.verdict, "assistantAloneSeconds") -
                   number(clean.verdict, "assistantAloneSeconds")) < 1);
  }
}

TEST_CASE("a caller who says nothing is not made to speak by our own voice that comes back") {
  CallPlan plan;
  plan.hang_up_at = 20s;
  plan.media_troubles.push_back(echo(350ms));
  const Judged echoed = judge(std::move(plan));
  CAPTURE(json::serialize(echoed.verdict));
  CHECK(find(echoed.verdict, "own_voice_returns") != nullptr);
  CHECK(World::text(echoed.verdict, "kind") == "complete");
  CHECK(find(echoed.verdict, "unaligned") == nullptr);
  CHECK(number(echoed.verdict, "callerAloneSeconds") < 0.1);
  CHECK(number(echoed.verdict, "assistantAloneSeconds") > 4);
  CHECK(echoed.caller_turns == 0);
}

TEST_CASE("a recording without the assistant is silent, though its voice came back to the bridge") {
  CallPlan plan = two_turns();
  plan.media_troubles.push_back(echo(250ms));
  plan.recording.without_assistant = true;
  const Judged echoed = judge(std::move(plan));
  CAPTURE(json::serialize(echoed.verdict));
  CHECK(find(echoed.verdict, "own_voice_returns") != nullptr);
  CHECK(World::text(echoed.verdict, "kind") == "silent");
  const auto* silent = find(echoed.verdict, "party_silent");
  REQUIRE(silent != nullptr);
  CHECK(World::text(*silent, "party") == "assistant");
}
