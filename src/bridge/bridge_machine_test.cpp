#include "bridge/bridge_machine.hpp"

#include "bridge/testing/machine_bench.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::bridge;
using namespace earshot::bridge::testing;

// ---- first words

TEST_CASE("the first words wait for the recording to be active") {
  Bench bench(with_words());
  bench.start();
  bench.pass(1s);
  CHECK(bench.said.empty());

  bench.run(bench.machine.recording_active(bench.now, true));

  CHECK(bench.said == std::vector<std::string>{"This call is recorded."});
  CHECK_FALSE(bench.noted("first_words_before_recording"));
}

TEST_CASE("the first words wait no longer than they may") {
  Bench bench(with_words());
  bench.start();
  bench.pass(2999ms);
  CHECK(bench.said.empty());
  bench.pass(1ms);
  CHECK(bench.said.size() == 1);
  CHECK(bench.noted("first_words_before_recording"));
}

TEST_CASE("the greeting follows the notice and is said once") {
  MachineOptions options = with_words();
  options.recording_active = true;
  Bench bench(options);
  bench.start();
  REQUIRE(bench.said.size() == 1);
  bench.respond("r1", "i1", 2s, "This call is recorded.");
  CHECK(bench.said == std::vector<std::string>{"This call is recorded.", "Hello"});
  CHECK_FALSE(bench.noted("recording_notice_said"));
  bench.respond("r2", "i2", 1s, "Hello");
  bench.pass(5s);

  CHECK(bench.noted("recording_notice_said"));
  CHECK(bench.said.size() == 2);
  CHECK(bench.machine.opening() == OpeningPhase::done);
  REQUIRE(bench.turn("i1") != nullptr);
  CHECK(bench.turn("i1")->start == 1s);
  CHECK(bench.turn("i1")->end == 3s);
  CHECK(bench.turn("i2")->start == 3s);
  CHECK(bench.turn("i2")->end == 4s);
}

TEST_CASE("speech during the recording notice does not stop it") {
  MachineOptions options = with_words();
  options.recording_active = true;
  Bench bench(options);
  bench.start();
  bench.respond("r1", "i1", 3s, "This call is recorded.");
  bench.respond("r2", "i2", 1s, "Hello");
  bench.pass(1s);

  bench.event(SpeechStarted{"c1", 900});
  bench.pass(5s);

  CHECK(bench.stops.empty());
  CHECK(bench.machine.play_out().played_samples(1, bench.now) == samples(3s));
  REQUIRE(bench.cuts.size() == 1);  // the greeting, which had not begun
  CHECK(bench.cuts[0].item_id == "i2");
  CHECK(bench.cuts[0].heard_ms == 0);
}

TEST_CASE("a notice that the server broke off is said again, three times at most") {
  MachineOptions options = with_words();
  options.recording_active = true;
  Bench bench(options);
  bench.start();
  for (const std::string id : {"1", "2", "3"}) {
    bench.event(ResponseStarted{"r" + id});
    bench.audio("r" + id, "i" + id, 300ms);
    bench.event(SpeechStarted{"c" + id, 100});
    bench.event(ResponseEnded{"r" + id, ResponseStatus::cancelled, "turn_detected"});
    bench.pass(500ms);
  }

  CHECK(std::ranges::count(bench.said, "This call is recorded.") == 3);
  CHECK(bench.said.back() == "Hello");
  CHECK(bench.noted("recording_notice_incomplete"));
}

TEST_CASE("a caller who speaks before the first words is answered after them") {
  Bench bench(with_words());
  bench.start();
  bench.event(ResponseStarted{"r0"});
  bench.audio("r0", "i0", 1s);
  CHECK(bench.count<CancelResponse>() == 1);
  CHECK(bench.ignored == 1s);
  bench.event(ResponseEnded{"r0", ResponseStatus::cancelled, ""});

  bench.run(bench.machine.recording_active(bench.now, true));

  CHECK(bench.said == std::vector<std::string>{"This call is recorded."});
}

TEST_CASE("a resumed call is not greeted again, and what the caller said last is answered") {
  MachineOptions options = with_words();
  options.recording_notice = "";
  Turn turn{.item_id = "c1", .speaker = Speaker::caller, .text = "Friday, please."};
  options.conversation = {turn};
  Bench bench(options);
  bench.start();

  CHECK(bench.said.empty());
  CHECK(bench.count<AskForResponse>() == 1);
  REQUIRE(bench.all<OpenSession>().size() == 1);
  CHECK(bench.all<OpenSession>()[0].conversation.size() == 1);
}

TEST_CASE("a request that raced with a running response is made again after it") {
  MachineOptions options{.greeting = "Hello", .recording_active = true};
  Bench bench(options);
  bench.start();
  REQUIRE(bench.said.size() == 1);
  bench.event(AssistantComplaint{"conversation_already_has_active_response", ""});
  bench.event(ResponseStarted{"r0"});
  bench.event(ResponseEnded{"r0", ResponseStatus::completed, ""});
  CHECK(bench.said.size() == 2);
}

// ---- interrupting

TEST_CASE("an interruption stops the audio first, then saves what was heard, then truncates") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "one two three four five six seven eight nine ten"});
  bench.audio("r1", "i1", 10s);
  bench.pass(5250ms);
  bench.done.clear();

  bench.event(SpeechStarted{"c1", 5000});

  REQUIRE(bench.done.size() >= 4);
  CHECK(std::holds_alternative<StopPlaying>(bench.done[0]));
  CHECK(std::holds_alternative<DropBacklog>(bench.done[1]));
  CHECK(std::holds_alternative<SaveTurn>(bench.done[2]));
  CHECK(std::holds_alternative<TruncateItem>(bench.done[3]));
  CHECK(bench.count<CancelResponse>() == 0);
  REQUIRE(bench.cuts.size() == 1);
  CHECK(bench.cuts[0].heard_ms == 5000);  // 5250 played, less the way to the ear
  const Turn* turn = bench.turn("i1");
  REQUIRE(turn != nullptr);
  CHECK(turn->text == "one two three four five");
  CHECK(turn->generated_text == "one two three four five six seven eight nine ten");
  CHECK(turn->interrupted);
  CHECK(turn->cut_is_estimated);
  CHECK(turn->start == 1s);
  CHECK(turn->end >= 5999ms);
  CHECK(turn->end <= 6s);
  CHECK(bench.pacer.empty());
  CHECK_FALSE(bench.machine.play_out().is_playing(bench.now));
  // For whoever finds the true cut in the recording.
  REQUIRE(turn->cut.has_value());
  CHECK(turn->cut->stop_left == 6250ms);
  CHECK(turn->cut->played_until == 6250ms);
  CHECK(turn->cut->generated == 10s);
}

TEST_CASE("a response that has been generated whole is interrupted while it still plays") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.respond("r1", "i1", 4s, "one two three four");
  bench.pass(2250ms);
  bench.event(SpeechStarted{"c1", 2000});

  CHECK(bench.stops.size() == 1);
  REQUIRE(bench.cuts.size() == 1);
  CHECK(bench.cuts[0].heard_ms == 2000);
  CHECK(bench.turn("i1")->text == "one two");
}

TEST_CASE("late audio, text and words of an interrupted response are ignored") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "one two"});
  bench.audio("r1", "i1", 1s);
  bench.pass(500ms);
  bench.event(SpeechStarted{"c1", 300});
  const std::size_t turns = bench.turns.size();

  bench.audio("r1", "i1", 2s);
  bench.audio("r1", "i2", 2s);
  bench.event(AssistantTextDelta{"r1", "i1", " three"});
  bench.event(AssistantWord{"r1", "i1", "three", 0, 100});
  bench.finish("r1", "i1", "one two three", ResponseStatus::cancelled);
  bench.pass(3s);

  CHECK(bench.ignored == 4s);
  CHECK(bench.turns.size() == turns);
  CHECK(bench.cuts.size() == 1);
  CHECK(bench.machine.play_out().queued_samples(bench.now) == 0);

  bench.respond("r2", "i3", 1s, "again");
  bench.pass(2s);
  CHECK(bench.turn("i3")->text == "again");
}

TEST_CASE("utterances in the queue that never began are truncated at nothing") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.respond("r1", "i1", 3s, "first");
  bench.respond("r2", "i2", 3s, "second");
  bench.pass(1s);
  bench.event(SpeechStarted{"c1", 800});

  REQUIRE(bench.cuts.size() == 2);
  CHECK(bench.cuts[0].item_id == "i1");
  CHECK(bench.cuts[0].heard_ms == 750);
  CHECK(bench.cuts[1].item_id == "i2");
  CHECK(bench.cuts[1].heard_ms == 0);
  CHECK(bench.turn("i2")->text.empty());
  CHECK(bench.turn("i2")->generated_text == "second");
}

TEST_CASE("speech into silence stops nothing and truncates nothing") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.respond("r1", "i1", 1s, "first");
  bench.pass(1100ms);
  bench.event(SpeechStarted{"c1", 1000});
  CHECK(bench.stops.empty());
  CHECK(bench.cuts.empty());
  CHECK_FALSE(bench.turn("i1")->interrupted);
}

TEST_CASE("a response that has generated nothing is ignored from then on and not truncated") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(SpeechStarted{"c1", 100});
  bench.audio("r1", "i1", 1s);
  CHECK(bench.ignored == 1s);
  CHECK(bench.cuts.empty());
}

TEST_CASE("a server that does not stop by itself is asked to, once") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.audio("r1", "i1", 500ms);
  bench.event(SpeechStarted{"c1", 100});
  for (int i = 0; i < 20; ++i) {
    bench.audio("r1", "i1", 100ms);
    bench.pass(100ms);
  }
  CHECK(bench.count<CancelResponse>() == 1);
}

TEST_CASE("with word times the cut is exact") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "Morning or afternoon?"});
  bench.event(AssistantWord{"r1", "i1", "Morning", 0, 400});
  bench.event(AssistantWord{"r1", "i1", "or", 450, 150});
  bench.event(AssistantWord{"r1", "i1", "afternoon", 650, 800});
  bench.audio("r1", "i1", 2s);
  bench.pass(900ms);
  bench.event(SpeechStarted{"c1", 700});

  const Turn* turn = bench.turn("i1");
  CHECK(turn->text == "Morning or");
  CHECK_FALSE(turn->cut_is_estimated);
  REQUIRE(turn->words.size() == 2);
  CHECK(turn->words[1].start == 1450ms);
}

TEST_CASE(
    "wherever the caller interrupts, what is truncated was heard and never more than generated") {
  for (int ms = 0; ms < 4000; ms += 7) {
    INFO("after ", ms, " ms");
    Bench bench(MachineOptions{.recording_active = true});
    bench.start();
    bench.event(ResponseStarted{"r1"});
    bench.event(AssistantTextDelta{"r1", "i1", "a b c d e f"});
    std::int64_t generated_ms = 0;
    for (int at = 0; at < ms; at += 50) {
      if (at < 1000) {
        bench.audio("r1", "i1", 150ms);
        generated_ms += 150;
      }
      if (at == 1000) bench.finish("r1", "i1", "a b c d e f");
      bench.pass(std::chrono::milliseconds(std::min(50, ms - at)));
    }
    bench.event(SpeechStarted{"c1", ms});
    const bool was_playing = ms > 0 && ms < 3000;
    CHECK(bench.stops.size() == (was_playing ? 1 : 0));
    REQUIRE(bench.cuts.size() == (was_playing ? 1 : 0));
    if (was_playing) {
      CHECK(bench.cuts[0].heard_ms == std::min<std::int64_t>(generated_ms, std::max(0, ms - 250)));
      CHECK(bench.turn("i1")->interrupted);
    }
    CHECK(bench.pacer.empty());
  }
}

// ---- turns

TEST_CASE(
    "a caller's turn is timed without padding and silence, and gets its text whenever it comes") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.pass(4s);
  bench.event(SpeechStarted{"c1", 1000});
  bench.event(SpeechStopped{"c1", 3500});
  REQUIRE(bench.turn("c1") != nullptr);
  CHECK(bench.turn("c1")->text.empty());
  CHECK(bench.turn("c1")->start == 1s + 1400ms);
  CHECK(bench.turn("c1")->end == 1s + 3000ms);

  bench.pass(5s);
  bench.event(CallerTranscript{"c1", "Friday.", {{"Friday.", 450, 500}}});
  bench.event(CallerTranscript{"c1", "", {}});

  CHECK(bench.turns.size() == 2);
  CHECK(bench.turn("c1")->text == "Friday.");
  REQUIRE(bench.turn("c1")->words.size() == 1);
  CHECK(bench.turn("c1")->words[0].start == 1s + 1450ms);
}

TEST_CASE("a transcript that comes before the end of its speech waits for it") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.pass(4s);
  bench.event(CallerTranscript{"c1", "Friday.", {}});
  bench.event(SpeechStarted{"c1", 1000});
  CHECK(bench.turns.empty());
  bench.event(SpeechStopped{"c1", 3500});
  REQUIRE(bench.turns.size() == 1);
  CHECK(bench.turns[0].text == "Friday.");
}

TEST_CASE("in whatever order a turn's events come, its last form is the same") {
  std::vector<int> order = {0, 1, 2, 3, 4};
  do {
    Bench bench(MachineOptions{.recording_active = true});
    bench.start();
    bench.pass(4s);
    for (const int event : order) {
      if (event == 0) bench.event(SpeechStarted{"c1", 1000});
      if (event == 1) bench.event(SpeechStopped{"c1", 3500});
      if (event == 2) bench.event(CallerTranscript{"c1", "Friday.", {}});
      if (event == 3) bench.event(CallerTranscript{"c1", "", {}});
      if (event == 4) bench.event(SpeechStarted{"c1", 1000});
    }
    REQUIRE(bench.turn("c1") != nullptr);
    CHECK(bench.turn("c1")->text == "Friday.");
    CHECK(bench.turn("c1")->start == 2400ms);
    CHECK(bench.turn("c1")->end == 4000ms);
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("speech that never gets a text or an end is saved when the call ends") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.pass(4s);
  bench.event(SpeechStarted{"c1", 1000});
  bench.event(CallerTranscriptFailed{"c2", "audio_unintelligible"});
  bench.run(bench.machine.end(bench.now));
  REQUIRE(bench.turn("c1") != nullptr);
  CHECK(bench.turn("c1")->end == 5s);
  CHECK(bench.noted("caller_transcript_failed"));
}

TEST_CASE("an utterance cut by the end of the call keeps what was heard of it") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.respond("r1", "i1", 4s, "one two three four");
  bench.pass(2250ms);
  bench.run(bench.machine.end(bench.now));
  CHECK(bench.turn("i1")->text == "one two");
  CHECK(bench.turn("i1")->interrupted);
  CHECK(bench.cuts.empty());
}

TEST_CASE("a final text that differs from the deltas amends the turn") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "one"});
  bench.audio("r1", "i1", 100ms);
  bench.event(AssistantAudioDone{"r1", "i1"});
  CHECK(bench.turn("i1")->text == "one");
  bench.event(AssistantTextDone{"r1", "i1", "one two"});
  CHECK(bench.turn("i1")->text == "one two");
}

TEST_CASE("a call to a function that nobody offers is answered, so that the assistant goes on") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(FunctionCall{"r1", "f1", "call_5", "find_slot", "{}"});
  CHECK(bench.count<ReturnFunctionOutput>() == 1);
  bench.event(ResponseEnded{"r1", ResponseStatus::completed, ""});
  // The session itself asks for what follows an output.
  CHECK(bench.count<AskForResponse>() == 0);
}
