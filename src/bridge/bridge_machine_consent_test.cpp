// The recording notice where it comes before the recording.
#include "bridge/testing/machine_bench.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::bridge;
using namespace earshot::bridge::testing;

namespace {

constexpr const char* words = "This call is recorded.";

MachineOptions notice_first() {
  MachineOptions options = with_words();
  options.notice_first = true;
  options.is_private = true;
  return options;
}

void recording_runs(Bench& bench) {
  bench.run(bench.machine.recording_active(bench.now, true));
  bench.run(bench.machine.set_private(bench.now, false));
}

}  // namespace

TEST_CASE("a notice that comes first waits for no recording, and the greeting waits for it") {
  Bench bench(notice_first());
  bench.start();
  CHECK(bench.said == std::vector<std::string>{words});
  bench.respond("r1", "i1", 2s, words);
  bench.pass(2200ms);
  // The caller's ear is a way off: it may still be on its way.
  CHECK(bench.count<TellNoticePlayed>() == 0);
  bench.pass(100ms);
  REQUIRE(bench.count<TellNoticePlayed>() == 1);
  const auto played = bench.all<TellNoticePlayed>()[0];
  CHECK(played.from == 1s);
  CHECK(played.to == 3s);
  CHECK(played.samples == samples(2s));
  CHECK(played.rate_hz == rate);
  CHECK(bench.machine.opening() == OpeningPhase::resuming);
  bench.pass(1s);
  CHECK(bench.said.size() == 1);

  recording_runs(bench);
  CHECK(bench.said == std::vector<std::string>{words, "Hello"});
  bench.respond("r2", "i2", 1s, "Hello");
  bench.pass(2s);
  CHECK(bench.turn("i1") == nullptr);
  CHECK(bench.turn("i2") != nullptr);
  CHECK(bench.machine.opening() == OpeningPhase::done);
}

TEST_CASE("what follows the notice does not wait for the recording for ever") {
  Bench bench(notice_first());
  bench.start();
  bench.respond("r1", "i1", 2s, words);
  bench.pass(2250ms + 2999ms);
  CHECK(bench.said.size() == 1);
  bench.pass(2ms);
  CHECK(bench.said.back() == "Hello");
  CHECK(bench.noted("first_words_before_recording"));
}

TEST_CASE("who speaks during a notice that comes first is answered after it") {
  Bench bench(notice_first());
  bench.start();
  bench.respond("r1", "i1", 2s, words);
  bench.pass(1s);
  bench.event(SpeechStarted{"c1", 500});
  bench.event(ResponseStarted{"r2"});
  bench.audio("r2", "i2", 1s);
  CHECK(bench.ignored == 1s);
  CHECK(bench.count<CancelResponse>() == 1);
  bench.event(ResponseEnded{"r2", ResponseStatus::cancelled, ""});
  bench.pass(2s);
  CHECK(bench.stops.empty());
  REQUIRE(bench.count<TellNoticePlayed>() == 1);
  recording_runs(bench);
  CHECK(bench.said.back() == "Hello");
}

TEST_CASE("a notice whose listener was lost is said again from its beginning") {
  Bench bench(notice_first());
  bench.start();
  bench.respond("r1", "i1", 2s, words);
  bench.pass(1s);
  bench.run(bench.machine.caller_lost(bench.now));
  bench.pass(5s);
  CHECK(bench.count<TellNoticePlayed>() == 0);
  bench.run(bench.machine.caller_attached(bench.now));
  CHECK(bench.said == std::vector<std::string>{words, words});
  const Duration again = bench.machine.call_time(bench.now);
  bench.respond("r2", "i2", 2s, words);
  bench.pass(3s);
  REQUIRE(bench.count<TellNoticePlayed>() == 1);
  CHECK(bench.all<TellNoticePlayed>()[0].from == again);
  CHECK(bench.all<TellNoticePlayed>()[0].samples == samples(2s));
}

TEST_CASE("a notice whose session was lost is said again by the next one") {
  Bench bench(notice_first());
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.audio("r1", "i1", 500ms);
  bench.event(SessionEnded{.may_retry = true, .reason = "gone"});
  bench.pass(1s);
  CHECK(bench.count<TellNoticePlayed>() == 0);
  bench.ready("sess_2");
  CHECK(bench.said.size() == 2);
  bench.respond("r2", "i2", 2s, words);
  bench.pass(3s);
  CHECK(bench.count<TellNoticePlayed>() == 1);
}

TEST_CASE("a notice of which some was dropped on the way counts as not played") {
  Bench bench(notice_first());
  bench.start();
  bench.event(ResponseStarted{"r1"});
  BridgeActions actions;
  const ItemNumber item = bench.machine.audio_arrived(bench.now, "r1", "i1", actions);
  bench.machine.generated(item, 4800);
  bench.machine.sent(bench.now, item, 0, 2400);
  bench.machine.lost(item, 2400);
  bench.finish("r1", "i1", words);
  bench.pass(1s);
  CHECK(bench.count<TellNoticePlayed>() == 0);
  CHECK(bench.said == std::vector<std::string>{words, words});
}

TEST_CASE("nothing is said without a notice that comes first, however often it fails") {
  Bench bench(notice_first());
  bench.start();
  for (int i = 1; i <= 6; ++i) {
    const std::string id = "r" + std::to_string(i);
    REQUIRE(bench.said.size() == static_cast<std::size_t>(i));
    bench.event(ResponseStarted{id});
    bench.event(ResponseEnded{id, ResponseStatus::failed, "server_error"});
    if (i >= BridgeMachine::notice_attempts_max) bench.pass(5s);
  }
  CHECK(std::ranges::count(bench.said, words) == std::ssize(bench.said));
  CHECK(std::ranges::count_if(bench.all<NoteEvent>(), [](const NoteEvent& note) {
          return note.type == "recording_notice_incomplete";
        }) == 1);
  CHECK(bench.machine.opening() != OpeningPhase::done);
}

TEST_CASE("that the notice was played is told of a notice within the recording too") {
  MachineOptions options = with_words();
  options.recording_active = true;
  Bench bench(options);
  bench.start();
  bench.respond("r1", "i1", 2s, words);
  bench.respond("r2", "i2", 1s, "Hello");
  bench.pass(5s);
  REQUIRE(bench.count<TellNoticePlayed>() == 1);
  CHECK(bench.all<TellNoticePlayed>()[0].from == 1s);
  CHECK(bench.all<TellNoticePlayed>()[0].to == 3s);
  CHECK(bench.all<TellNoticePlayed>()[0].samples == samples(2s));
}

TEST_CASE("a response that the service began by itself is not taken for the notice") {
  Bench bench(notice_first());
  bench.start();
  bench.event(SpeechStarted{"c1", 500});
  bench.event(ResponseStarted{"r1"});  // of its turn detection
  bench.event(AssistantTextDelta{"r1", "i1", "Hello, how can I help?"});
  bench.audio("r1", "i1", 2s);
  bench.pass(100ms);
  bench.event(RequestOvertaken{});
  bench.finish("r1", "i1", "Hello, how can I help?", ResponseStatus::cancelled);

  // It is not heard on: before the notice nothing is said.
  CHECK(bench.stops.size() == 1);
  CHECK(bench.count<CancelResponse>() == 1);
  bench.pass(5s);
  CHECK(bench.count<TellNoticePlayed>() == 0);
  CHECK(bench.said == std::vector<std::string>{words});  // the session repeats it

  const Duration from = bench.machine.call_time(bench.now);
  bench.event(ResponseStarted{"r2", bench.all<SayText>()[0].request});
  bench.audio("r2", "i2", 2s);
  bench.finish("r2", "i2", "");
  bench.pass(3s);
  REQUIRE(bench.count<TellNoticePlayed>() == 1);
  CHECK(bench.all<TellNoticePlayed>()[0].from == from);
}

TEST_CASE("a response of the service's own that ends before ours begins is not the notice") {
  MachineOptions options = with_words();
  options.recording_active = true;
  Bench bench(options);
  bench.start();
  bench.respond("r1", "i1", 2s, "Hello, how can I help?");
  CHECK(bench.stops.size() == 1);
  CHECK(bench.noted("recording_notice_mistaken"));
  bench.event(ResponseStarted{"r2", bench.all<SayText>()[0].request});
  bench.audio("r2", "i2", 1s);
  bench.finish("r2", "i2", "");
  bench.pass(500ms);
  CHECK(bench.count<TellNoticePlayed>() == 0);
  bench.pass(1s);
  REQUIRE(bench.count<TellNoticePlayed>() == 1);
  CHECK(bench.all<TellNoticePlayed>()[0].samples == samples(1s));
}

TEST_CASE("the response that the service names as the notice's takes the place of a guess") {
  Bench bench(notice_first());
  bench.start();
  bench.event(ResponseStarted{"r1"});
  bench.audio("r1", "i1", 2s);
  bench.event(ResponseStarted{"r2", bench.all<SayText>()[0].request});
  bench.audio("r2", "i2", 1s);
  bench.finish("r2", "i2", "");
  bench.pass(3s);
  REQUIRE(bench.count<TellNoticePlayed>() == 1);
  CHECK(bench.all<TellNoticePlayed>()[0].samples == samples(1s));
}

TEST_CASE("a service that echoes nothing is believed when it says the notice's words") {
  Bench bench(notice_first());
  bench.start();
  bench.respond("r1", "i1", 2s, "this call is recorded");
  bench.pass(3s);
  CHECK(bench.count<TellNoticePlayed>() == 1);
}

TEST_CASE("a refusal that overtakes the news of the response it speaks of is understood") {
  Bench bench(notice_first());
  bench.start();
  bench.event(RequestOvertaken{});
  bench.event(ResponseStarted{"r1"});
  bench.audio("r1", "i1", 2s);
  CHECK(bench.ignored == 2s);
  bench.event(ResponseEnded{"r1", ResponseStatus::cancelled, ""});
  bench.respond("r2", "i2", 1s, words);  // echoes nothing
  bench.pass(3s);
  REQUIRE(bench.count<TellNoticePlayed>() == 1);
  CHECK(bench.all<TellNoticePlayed>()[0].samples == samples(1s));
}

TEST_CASE("a notice that is played into a dead socket was not heard") {
  Bench bench(notice_first());
  bench.start();
  bench.respond("r1", "i1", 2s, words);
  bench.pass(1s);
  bench.frames_come = false;
  bench.pass(20s);
  CHECK(bench.count<TellNoticePlayed>() == 0);
  CHECK_FALSE(bench.noted("recording_notice_said"));
  bench.run(bench.machine.caller_lost(bench.now));
  bench.frames_come = true;
  bench.run(bench.machine.caller_attached(bench.now));
  bench.pass(1s);
  CHECK(bench.count<TellNoticePlayed>() == 0);
  REQUIRE(bench.said == std::vector<std::string>{words, words});
  bench.respond("r2", "i2", 1s, words);
  bench.pass(2s);
  REQUIRE(bench.count<TellNoticePlayed>() == 1);
  CHECK(bench.all<TellNoticePlayed>()[0].samples == samples(1s));
}

TEST_CASE("a frame after the notice's end says that it was heard, also when it comes late") {
  Bench bench(notice_first());
  bench.start();
  bench.respond("r1", "i1", 2s, words);
  bench.frames_come = false;
  bench.pass(5s);
  CHECK(bench.count<TellNoticePlayed>() == 0);
  bench.run(bench.machine.caller_frame(bench.now));
  CHECK(bench.count<TellNoticePlayed>() == 1);
}

TEST_CASE("a notice that is cut while it is still being made is said again once") {
  Bench bench(notice_first());
  bench.start();
  bench.event(ResponseStarted{"r1", bench.all<SayText>()[0].request});
  bench.audio("r1", "i1", 500ms);
  bench.pass(300ms);
  bench.run(bench.machine.caller_lost(bench.now));
  bench.run(bench.machine.caller_attached(bench.now));
  bench.event(ResponseEnded{"r1", ResponseStatus::cancelled, ""});
  CHECK(bench.said == std::vector<std::string>{words, words});
  bench.respond("r2", "i2", 1s, words);
  bench.pass(3s);
  CHECK(bench.count<TellNoticePlayed>() == 1);
  CHECK(bench.said.size() == 2);
}
