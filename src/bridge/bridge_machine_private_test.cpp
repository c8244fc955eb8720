// What the bridge machine keeps of what is said while the recording is paused.
#include "bridge/testing/machine_bench.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::bridge;
using namespace earshot::bridge::testing;

namespace {

MachineOptions talking() { return {.recording_active = true}; }

void set_private(Bench& bench, bool on) { bench.run(bench.machine.set_private(bench.now, on)); }

}  // namespace

TEST_CASE("what the assistant says in private time is in no turn, and what it says later is") {
  Bench bench(talking());
  bench.start();
  set_private(bench, true);
  bench.respond("r1", "i1", 1s, "your number is four one one");
  bench.pass(2s);
  set_private(bench, false);
  bench.pass(1s);
  CHECK(bench.turn("i1") == nullptr);
  bench.respond("r2", "i2", 1s, "thank you");
  bench.pass(2s);
  REQUIRE(bench.turn("i2") != nullptr);
  CHECK(bench.turn("i2")->text == "thank you");
}

TEST_CASE(
    "of an answer that private time cuts the words before it are kept, where they are timed") {
  Bench bench(talking());
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "one two three four"});
  for (int word = 0; word < 4; ++word) {
    const std::array<const char*, 4> words{"one", "two", "three", "four"};
    bench.event(AssistantWord{"r1", "i1", words.at(static_cast<std::size_t>(word)),
                              word * std::int64_t{1000}, 900});
  }
  bench.audio("r1", "i1", 4s);
  bench.finish("r1", "i1", "one two three four");
  bench.pass(2s);
  set_private(bench, true);
  bench.pass(4s);
  REQUIRE(bench.turn("i1") != nullptr);
  CHECK(bench.turn("i1")->text == "one two");
  CHECK(bench.turn("i1")->words.size() == 2);
  CHECK(bench.turn("i1")->generated_text.empty());
}

TEST_CASE("of an answer that private time cuts nothing is kept where its words have no times") {
  Bench bench(talking());
  bench.start();
  bench.respond("r1", "i1", 4s, "one two three four");
  bench.pass(2s);
  set_private(bench, true);
  bench.pass(4s);
  CHECK(bench.turn("i1") == nullptr);
}

TEST_CASE("the caller's words of private time are kept out where the assistant heard them") {
  auto options = talking();
  options.assistant_hears_pauses = true;
  Bench bench(options);
  bench.start();
  bench.pass(2s);
  set_private(bench, true);
  bench.event(SpeechStarted{"c1", 2000});
  bench.pass(2s);
  bench.event(SpeechStopped{"c1", 4000});
  set_private(bench, false);
  bench.pass(5s);
  // Its text comes when the pause is long over.
  bench.event(CallerTranscript{"c1", "four one one", {}});
  CHECK(bench.turn("c1") == nullptr);
  bench.event(SpeechStarted{"c2", 9000});
  bench.pass(1s);
  bench.event(SpeechStopped{"c2", 10'000});
  bench.event(CallerTranscript{"c2", "that is all", {}});
  REQUIRE(bench.turn("c2") != nullptr);
  CHECK(bench.turn("c2")->text == "that is all");
}

TEST_CASE("what the caller said before private time keeps its words, although they come later") {
  Bench bench(talking());
  bench.start();
  bench.pass(2s);
  bench.event(SpeechStarted{"c1", 1000});
  bench.pass(1s);
  set_private(bench, true);
  bench.pass(1s);
  bench.event(SpeechStopped{"c1", 4000});
  bench.event(CallerTranscript{"c1", "I want to pay", {}});
  REQUIRE(bench.turn("c1") != nullptr);
  CHECK(bench.turn("c1")->text == "I want to pay");
}

TEST_CASE("a caller who is not heard is not hung up on as one who says nothing") {
  auto options = talking();
  options.idle_caller_max = 20s;
  Bench bench(options);
  bench.start();
  bench.pass(5s);
  set_private(bench, true);
  bench.pass(60s);
  CHECK(bench.count<HangUp>() == 0);
  set_private(bench, false);
  bench.pass(19s);
  CHECK(bench.count<HangUp>() == 0);
  bench.pass(2s);
  CHECK(bench.count<HangUp>() == 1);
}

TEST_CASE(
    "the assistant's pause returns when what it asked for was confirmed, and says so if not") {
  auto options = talking();
  options.pause_functions = true;
  Bench bench(options);
  bench.start();
  bench.event(FunctionCall{"r1", "f1", "call_1", "pause_recording", "{}"});
  REQUIRE(bench.count<SteerRecording>() == 1);
  CHECK(bench.all<SteerRecording>()[0].paused);
  bench.pass(2s);
  CHECK(bench.count<ReturnFunctionOutput>() == 0);
  bench.run(bench.machine.function_done("call_1", true, ""));
  REQUIRE(bench.count<ReturnFunctionOutput>() == 1);
  CHECK(bench.all<ReturnFunctionOutput>()[0].output_json.starts_with(R"({"recording":"paused")"));

  bench.event(FunctionCall{"r2", "f2", "call_2", "resume_recording", "{}"});
  bench.run(bench.machine.function_done("call_2", false, "ACS answered 500"));
  REQUIRE(bench.count<ReturnFunctionOutput>() == 2);
  CHECK(bench.all<ReturnFunctionOutput>()[1].output_json ==
        R"({"error":"the recording has not been resumed: ACS answered 500"})");
}

TEST_CASE("a pause that nobody confirms is told as failed, once") {
  auto options = talking();
  options.pause_functions = true;
  Bench bench(options);
  bench.start();
  bench.event(FunctionCall{"r1", "f1", "call_1", "pause_recording", "{}"});
  bench.pass(16s);
  REQUIRE(bench.count<ReturnFunctionOutput>() == 1);
  CHECK(bench.all<ReturnFunctionOutput>()[0].output_json.starts_with(R"({"error":)"));
  bench.run(bench.machine.function_done("call_1", true, ""));
  CHECK(bench.count<ReturnFunctionOutput>() == 1);
}

TEST_CASE("a pause takes words back that were sent, saved, and not played yet") {
  Bench bench(talking());
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "one two three four"});
  SUBCASE("those that are timed") {
    for (int word = 0; word < 4; ++word) {
      const std::array<const char*, 4> words{"one", "two", "three", "four"};
      bench.event(AssistantWord{"r1", "i1", words.at(static_cast<std::size_t>(word)),
                                word * std::int64_t{350}, 150});
    }
    bench.audio("r1", "i1", 1200ms);
    bench.finish("r1", "i1", "one two three four");
    bench.pass(1020ms);
    REQUIRE(bench.turn("i1") != nullptr);
    REQUIRE(bench.turn("i1")->text == "one two three four");
    set_private(bench, true);
    CHECK(bench.turn("i1")->text == "one two three");
    CHECK(bench.turn("i1")->words.size() == 3);
    CHECK(bench.turn("i1")->end == 2020ms);
  }
  SUBCASE("all of them where none is") {
    bench.audio("r1", "i1", 1200ms);
    bench.finish("r1", "i1", "one two three four");
    bench.pass(1020ms);
    REQUIRE(bench.turn("i1") != nullptr);
    set_private(bench, true);
    CHECK(bench.turn("i1")->text.empty());
    CHECK(bench.turn("i1")->words.empty());
    CHECK(bench.turn("i1")->generated_text.empty());
  }
  // What was played to its end stays as it is.
  const auto saved = bench.turns.size();
  set_private(bench, false);
  bench.pass(5s);
  set_private(bench, true);
  CHECK(bench.turns.size() == saved);
}
