#include "bridge/bridge_machine.hpp"
#include "bridge/testing/machine_bench.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>

using namespace earshot;
using namespace earshot::bridge;
using namespace earshot::bridge::testing;

// ---- sessions

TEST_CASE("a lost session is opened again with the conversation, at growing distances") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.respond("r1", "i1", 500ms, "Good morning.");
  bench.pass(1s);
  bench.event(SessionEnded{true, "1006"});
  const SteadyTime lost = bench.now;
  std::vector<Duration> at;
  while (bench.now < lost + 4s) {
    bench.pass(10ms);
    if (bench.count<OpenSession>() > at.size() + 1) {
      at.push_back(std::chrono::duration_cast<Duration>(bench.now - lost));
      bench.run(bench.machine.open_failed(bench.now, {.message = "refused"}));
    }
  }

  REQUIRE(at.size() >= 3);
  CHECK(at[0] >= 187ms);
  CHECK(at[0] <= 330ms);
  CHECK(at[1] - at[0] >= 375ms);
  CHECK(at[1] - at[0] <= 640ms);
  CHECK(at[2] - at[1] >= 750ms);
  CHECK(bench.all<OpenSession>().back().conversation.size() == 1);

  bench.ready("sess_2");
  CHECK(bench.count<AdoptSession>() == 2);
  CHECK(bench.count<TellAssistantState>() == 0);
}

TEST_CASE("a reply that the lost connection took away is asked for again") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(SessionEnded{true, "1006"});
  bench.pass(400ms);
  REQUIRE(bench.count<OpenSession>() == 2);
  bench.ready("sess_2");
  CHECK(bench.count<AskForResponse>() == 1);
}

TEST_CASE("an assistant that stays unreachable is excused, and the call ends after the notice") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.run(bench.machine.start(bench.now));
  bench.run(bench.machine.caller_attached(bench.now));
  bench.pass(4999ms);
  CHECK(bench.count<PlayApology>() == 0);
  bench.pass(1ms);
  REQUIRE(bench.count<PlayApology>() == 1);
  CHECK_FALSE(bench.all<TellAssistantState>().at(0).reachable);

  const ItemNumber item = bench.all<PlayApology>()[0].item;
  const std::string text = base64::encode(Bytes(static_cast<std::size_t>(samples(3s)) * 2));
  bench.machine.generated(item, bench.pacer.offer(item, 0, text).samples);
  bench.machine.generated_all(item);
  bench.pump();
  bench.pacer.keep();
  // The notice, our estimate of the way to the ear, and what that way may be longer.
  bench.pass(3700ms);
  CHECK(bench.count<HangUp>() == 0);
  bench.pass(100ms);
  CHECK(bench.count<HangUp>() == 1);
  CHECK(bench.count<SaveTurn>() == 0);
}

TEST_CASE("shortly before an assistant is given up it is tried once more") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.run(bench.machine.start(bench.now));
  bench.run(bench.machine.caller_attached(bench.now));
  const SteadyTime began = bench.now;
  Duration last_try{};
  while (bench.now < began + 4900ms) {
    if (bench.machine.opens_session()) {
      last_try = std::chrono::duration_cast<Duration>(bench.now - began);
      bench.run(bench.machine.open_failed(bench.now, {.message = "away"}));
    }
    bench.pass(10ms);
  }
  CHECK(last_try >= 4s);
  CHECK(last_try <= 4100ms);
  CHECK(bench.count<PlayApology>() == 0);
}

TEST_CASE("a refusal that no retry can mend is not waited out") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.run(bench.machine.start(bench.now));
  bench.run(bench.machine.caller_attached(bench.now));
  bench.run(bench.machine.open_failed(bench.now, {.kind = ErrorKind::refused, .message = "401"}));
  CHECK(bench.count<PlayApology>() == 1);
}

TEST_CASE("a call that is not to be hung up goes on trying and says when the assistant is back") {
  Bench bench(MachineOptions{.hang_up_when_unreachable = false, .recording_active = true});
  bench.run(bench.machine.start(bench.now));
  bench.run(bench.machine.caller_attached(bench.now));
  int tries = 0;
  const SteadyTime end = bench.now + 120s;
  while (bench.now < end) {
    if (bench.machine.opens_session()) {
      ++tries;
      bench.run(bench.machine.open_failed(bench.now, {.message = "away"}));
    }
    bench.pass(50ms);
  }
  CHECK(bench.count<HangUp>() == 0);
  CHECK(bench.count<PlayApology>() == 1);
  CHECK(tries > 8);
  CHECK(tries < 30);
  bench.pass(20s);
  bench.ready();
  CHECK(bench.all<TellAssistantState>().back().reachable);
}

TEST_CASE("a session is replaced before its time at a quiet moment, and turns keep their times") {
  Bench bench(MachineOptions{.session_rotate_after = 60s, .recording_active = true});
  bench.start();
  bench.pass(59s);
  bench.respond("r1", "i1", 5s, "Long answer.");
  bench.pass(3s);
  CHECK(bench.count<OpenSession>() == 1);  // the assistant is speaking
  bench.pass(5s);
  REQUIRE(bench.count<OpenSession>() == 2);
  CHECK(bench.all<OpenSession>()[1].conversation.size() == 1);
  bench.ready("sess_2");
  CHECK(bench.count<AdoptSession>() == 2);
  CHECK(bench.noted("session_rotated"));

  // The new session's clock begins at nothing.
  const Duration adopted = bench.machine.call_time(bench.now);
  bench.pass(3s);
  bench.event(SpeechStarted{"c9", 600});
  bench.event(SpeechStopped{"c9", 2500});
  CHECK(bench.turn("c9")->start == adopted + 1000ms);
  CHECK(bench.turn("c9")->end == adopted + 2000ms);
  CHECK(bench.turn("c9")->session_id == "sess_2");
}

TEST_CASE("a new session that finds the caller speaking is put away, and tried again later") {
  Bench bench(MachineOptions{.session_rotate_after = 60s, .recording_active = true});
  bench.start();
  bench.pass(61s);
  REQUIRE(bench.count<OpenSession>() == 2);
  bench.event(SpeechStarted{"c1", 60000});
  bench.ready("sess_2");
  CHECK(bench.count<DiscardSession>() == 1);
  bench.event(SpeechStopped{"c1", 62000});
  bench.event(CallerTranscript{"c1", "Yes.", {}});
  bench.pass(31s);
  CHECK(bench.count<OpenSession>() == 3);
  bench.ready("sess_3");
  CHECK(bench.count<AdoptSession>() == 2);
}

TEST_CASE("a session's own expiry brings its replacement forward") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.run(bench.machine.start(bench.now));
  bench.run(bench.machine.caller_attached(bench.now));
  bench.run(bench.machine.session_opened(
      bench.now, {.session_id = "s", .expires_at = bench.now + SteadyTime::duration(10min)}));
  bench.pass(6min + 59s);
  CHECK(bench.count<OpenSession>() == 1);
  bench.pass(2s);
  CHECK(bench.count<OpenSession>() == 2);
}

// ---- the caller's socket, and idle callers

TEST_CASE(
    "a lost socket ends what is being said, and the assistant takes it up when the caller is "
    "back") {
  Bench bench(MachineOptions{.recording_active = true});
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.event(AssistantTextDelta{"r1", "i1", "one two three four"});
  bench.audio("r1", "i1", 4s);
  bench.pass(2250ms);
  bench.run(bench.machine.caller_lost(bench.now));
  CHECK(bench.count<CancelResponse>() == 1);
  REQUIRE(bench.cuts.size() == 1);
  CHECK(bench.cuts[0].heard_ms == 2000);
  bench.event(ResponseEnded{"r1", ResponseStatus::cancelled, "client_cancelled"});
  bench.pass(2s);
  CHECK(bench.count<AskForResponse>() == 0);

  bench.run(bench.machine.caller_attached(bench.now));
  CHECK(bench.count<AskForResponse>() == 1);
}

TEST_CASE("an idle caller is asked once and hung up on, and any word starts the time anew") {
  Bench bench(MachineOptions{
      .idle_caller_max = 20s, .idle_caller_prompt = "Are you there?", .recording_active = true});
  bench.start();
  bench.pass(9s);
  CHECK(bench.said.empty());
  bench.pass(2s);
  REQUIRE(bench.said.size() == 1);
  bench.respond("r1", "i1", 1s, "Are you there?");
  bench.pass(4s);
  bench.event(SpeechStarted{"c1", 14000});
  bench.event(SpeechStopped{"c1", 15000});
  bench.pass(19s);
  CHECK(bench.count<HangUp>() == 0);
  CHECK(bench.said.size() == 2);
  bench.respond("r2", "i2", 1s, "Are you there?");
  bench.pass(3s);
  CHECK(bench.count<HangUp>() == 1);
}

TEST_CASE("no order of events breaks the machine or its promises") {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    INFO("seed ", seed);
    std::mt19937_64 random(seed);
    MachineOptions options = with_words();
    options.recording_active = random() % 2 == 0;
    options.session_rotate_after = std::chrono::seconds(30 + random() % 30);
    options.hang_up_when_unreachable = random() % 2 == 0;
    if (random() % 2 == 0) options.idle_caller_max = 20s;
    options.idle_caller_prompt = "Hello?";
    Bench bench(options);
    bench.run(bench.machine.start(bench.now));
    const auto id = [&](const char* kind) { return kind + std::to_string(random() % 6); };
    for (int step = 0; step < 300; ++step) {
      switch (random() % 20) {
        case 0:
          bench.run(bench.machine.caller_attached(bench.now));
          break;
        case 1:
          if (random() % 5 == 0) bench.run(bench.machine.caller_lost(bench.now));
          break;
        case 2:
          bench.run(bench.machine.recording_active(bench.now, random() % 2 == 0));
          break;
        case 3:
          if (bench.machine.opens_session()) bench.ready("sess_" + std::to_string(step));
          break;
        case 4:
          if (bench.machine.opens_session())
            bench.run(bench.machine.open_failed(bench.now, {.message = "x"}));
          break;
        case 5:
          if (random() % 10 == 0) bench.event(SessionEnded{random() % 4 != 0, "x"});
          break;
        case 6:
          bench.event(SpeechStarted{id("c"), static_cast<std::int64_t>(random() % 60000)});
          break;
        case 7:
          bench.event(SpeechStopped{id("c"), static_cast<std::int64_t>(random() % 60000)});
          break;
        case 8:
          bench.event(CallerTranscript{id("c"), "text", {}});
          break;
        case 9:
          bench.event(ResponseStarted{id("r")});
          break;
        case 10:
          bench.event(ResponseEnded{id("r"), static_cast<ResponseStatus>(random() % 4), ""});
          break;
        case 11:
          bench.event(AssistantTextDelta{id("r"), id("i"), "some words "});
          break;
        case 12:
          bench.event(AssistantTextDone{id("r"), id("i"), "some words and more"});
          break;
        case 13:
          bench.event(AssistantAudioDone{id("r"), id("i")});
          break;
        case 14:
          bench.event(AssistantComplaint{"conversation_already_has_active_response", ""});
          break;
        case 15:
          bench.event(FunctionCall{id("r"), id("i"), "call", "f", "{}"});
          break;
        default:
          bench.audio(id("r"), id("i"), std::chrono::milliseconds(random() % 800));
      }
      bench.pass(std::chrono::milliseconds(random() % 700));
    }
    bench.run(bench.machine.end(bench.now));
    for (const TruncateItem& cut : bench.cuts) CHECK(cut.heard_ms >= 0);
    for (const Turn& turn : bench.turns) {
      CHECK(turn.end >= turn.start);
      CHECK(turn.end <= bench.machine.call_time(bench.now) + 200ms);
    }
    CHECK(bench.count<HangUp>() <= 1);
  }
}
