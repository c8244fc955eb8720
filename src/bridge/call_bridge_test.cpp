#include "bridge/call_bridge.hpp"

#include "bridge/testing/call_fakes.hpp"
#include "domain/ledger_format.hpp"
#include "domain/tap_format.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <map>

using namespace earshot;
using namespace earshot::bridge::testing;

TEST_CASE(
    "the caller's frames reach the assistant and the assistant's the caller with their base64 "
    "untouched") {
  BridgedCall call({}, recording());
  call.begin();
  call.speak(1s);
  CHECK(call.session().appended.size() == 50);
  CHECK(call.session().appended[7] == pcm(20ms, 24000));

  call.session().tell(ResponseStarted{"r1"});
  const std::string delta = pcm(100ms, 24000, -77);
  call.session().audio("r1", "i1", delta);
  call.runtime.run_ready();
  REQUIRE(call.phone.audio.size() == 1);
  CHECK(call.phone.audio[0].second == delta);
  CHECK(call.phone.audio[0].first == call.clock().steady_now());
}

TEST_CASE("StopAudio leaves at the very instant of speech_started") {
  BridgedCall call({}, recording());
  call.begin();
  call.session().tell(ResponseStarted{"r1"});
  call.session().tell(AssistantTextDelta{"r1", "i1", "one two three four"});
  call.session().audio("r1", "i1", pcm(4s, 24000));
  call.runtime.run_ready();
  CHECK(call.phone.sent() == 200ms);
  call.speak(2260ms);
  CHECK(call.phone.sent() > 2300ms);
  CHECK(call.phone.sent() <= 2460ms);

  const SteadyTime now = call.clock().steady_now();
  call.session().tell(SpeechStarted{"c1", 1900});
  call.session().audio("r1", "i1", pcm(1s, 24000));
  call.runtime.run_ready();

  CHECK(call.phone.stops == std::vector<SteadyTime>{now});
  REQUIRE(call.session().truncated.size() == 1);
  CHECK(call.session().truncated[0] == std::pair<std::string, std::int64_t>{"i1", 2010});
  const Duration sent = call.phone.sent();
  call.speak(2s);
  CHECK(call.phone.sent() == sent);
  CHECK(call.turn("i1")->text == "one two");
  CHECK(call.counters.counter("earshot_bridge_interruptions_total", "").value() == 1);
}

TEST_CASE("notice and greeting are said when the recording is active") {
  BridgedCall call({.greeting = "Hello", .recording_notice = "Recorded."});
  call.begin();
  call.speak(1s);
  CHECK(call.session().said.empty());
  call.bridge->recording_active(true);
  call.runtime.run_ready();
  CHECK(call.session().said == std::vector<std::string>{"Recorded."});
}

TEST_CASE("without word of the recording the first words are said after three seconds") {
  BridgedCall call({.greeting = "Hello"});
  call.begin();
  call.runtime.advance(2999ms);
  CHECK(call.session().said.empty());
  call.runtime.advance(1ms);
  CHECK(call.session().said == std::vector<std::string>{"Hello"});
}

TEST_CASE(
    "audio before the session is ready waits, the oldest goes, and the rest follows at twice real "
    "time") {
  BridgedCall call({}, recording());
  call.assistant.opening_takes = 3s;
  call.begin();
  call.speak(3s);
  CHECK(call.session().appended.size() <= 2);
  call.speak(1s);
  CHECK(call.session().appended_length() <= 2040ms);
  CHECK(call.session().appended_length() >= 1900ms);
  call.speak(2s);
  CHECK(call.session().appended_length() == 5s);
  call.end();
  CHECK(call.counters.counter("earshot_bridge_early_frames_dropped_total", "").value() ==
        doctest::Approx(50).epsilon(0.03));
}

TEST_CASE("a silent frame without data is zeros for the assistant") {
  BridgedCall call({}, recording());
  call.begin();
  call.phone.speak("");
  call.runtime.run_ready();
  REQUIRE(call.session().appended.size() == 1);
  CHECK(call.session().appended[0] == pcm(20ms, 24000, 0));
}

TEST_CASE("a phone side at another rate than the assistant is resampled both ways") {
  BridgedCall call({}, recording());
  call.phone.rate = 16000;
  call.begin();
  call.speak(2s);
  CHECK(call.session().appended_length() > 1900ms);
  CHECK(call.session().appended_length() <= 2s);
  call.session().tell(ResponseStarted{"r1"});
  for (int i = 0; i < 10; ++i) {
    call.session().audio("r1", "i1", pcm(100ms, 24000));
    call.speak(100ms);
  }
  call.session().tell(AssistantAudioDone{"r1", "i1"});
  call.speak(500ms);
  CHECK(call.phone.sent() >= 999ms);
  CHECK(call.phone.sent() <= 1001ms);
}

TEST_CASE("nonsense from either side is counted and harms nothing") {
  BridgedCall call({}, recording());
  call.begin();
  call.phone.speak("!!!!");
  call.phone.speak("AAA=");
  call.phone.speak("AA==");
  CHECK(call.phone.messages.try_push({CallerNonsense{"what?"}, ""}));
  call.session().tell(ResponseStarted{"r1"});
  call.session().audio("r1", "i1", "????");
  call.session().audio("r1", "i1", "abc");
  call.session().audio("r1", "i1", pcm(100ms, 24000));
  call.runtime.run_ready();
  call.speak(100ms);
  CHECK(call.phone.audio.size() == 1);
  CHECK(call.observer.has_note("media_message_unreadable"));
  call.end();
  CHECK(call.counters.counter("earshot_bridge_caller_nonsense_total", "").value() >= 3);
  CHECK(call.counters.counter("earshot_bridge_assistant_deltas_refused_total", "").value() == 2);
}

TEST_CASE("ledger and tap hold both sides, each at its time") {
  BridgedCall call({}, recording());
  call.begin();
  call.speak(1s, 4000);
  call.session().tell(ResponseStarted{"r1"});
  call.session().audio("r1", "i1", pcm(500ms, 24000, -9000));
  call.speak(1s, 4000);
  call.end();

  REQUIRE(call.spool.kept.size() == 1);
  CHECK(call.spool.kept[0]->finished);
  const auto ledger = read_ledger(call.spool.kept[0]->ledger);
  REQUIRE(ledger.has_value());
  REQUIRE(ledger->seconds.size() >= 2);
  CHECK(ledger->seconds[0].caller_frames == 50);
  CHECK(ledger->seconds[0].assistant_frames == 0);
  CHECK(ledger->seconds[1].assistant_frames >= 25);
  auto tap = TapReader::open(call.spool.kept[0]->tap);
  REQUIRE(tap.has_value());
  std::map<std::int64_t, std::pair<std::int16_t, std::int16_t>> samples;
  while (const auto block = tap->next())
    for (std::uint32_t i = 0; i < block->frames; ++i) {
      std::int16_t pair[2];
      std::memcpy(pair, block->samples.data() + std::size_t{i} * 4, 4);
      samples[std::int64_t{block->second} * 24000 + block->first_frame + i] = {pair[0], pair[1]};
    }
  CHECK(samples[12000] == std::pair<std::int16_t, std::int16_t>{4000, 0});
  CHECK(samples[30000] == std::pair<std::int16_t, std::int16_t>{4000, -9000});
  CHECK(samples[40000] == std::pair<std::int16_t, std::int16_t>{4000, 0});
}

TEST_CASE("a lost socket is told, shows as a hole, and the newer one goes on") {
  BridgedCall call({}, recording());
  call.begin();
  call.speak(1s);
  call.phone.messages.close();
  call.runtime.run_ready();
  CHECK(call.observer.lost == std::vector<std::string>{"closed by ACS"});
  CHECK(call.phone.is_done);
  call.runtime.advance(3s);

  Phone second(call.clock());
  call.attach(second);
  CHECK(call.observer.back == 1);
  call.speak(second, 1s);
  CHECK(call.session().appended.size() == 100);
  call.end();
  CHECK(second.is_done);
  const auto ledger = read_ledger(call.spool.kept[0]->ledger);
  REQUIRE(ledger.has_value());
  CHECK(ledger->seconds[0].caller_frames == 50);
  CHECK(ledger->seconds[2].caller_frames == 0);
  CHECK(ledger->seconds[2].caller_levels[10] == 0);
  CHECK(ledger->seconds[4].caller_frames == 50);
}

TEST_CASE("the newer of two sockets wins and the older is closed and given back") {
  BridgedCall call({}, recording());
  call.begin();
  call.speak(500ms);
  Phone second(call.clock());
  call.attach(second);
  CHECK(call.phone.is_closed);
  CHECK(call.phone.is_destroyed);
  CHECK(call.phone.is_done);
  CHECK(call.observer.lost.empty());
  call.speak(second, 500ms);
  CHECK(call.session().appended.size() == 50);
  CHECK(call.observer.has_note("media_socket_replaced"));
  call.end();
}

TEST_CASE("a socket on another thread works through its queue") {
  BridgedCall call({}, recording());
  OtherExecutor other(call.runtime.executor());
  call.runtime.executor().spawn(call.bridge->run(),
                                [&](std::exception_ptr) { call.is_over = true; });
  call.attach(call.phone, &other);
  call.speak(1s);
  CHECK(call.session().appended.size() == 50);
  call.session().tell(ResponseStarted{"r1"});
  call.session().audio("r1", "i1", pcm(100ms, 24000));
  call.runtime.run_ready();
  CHECK(call.phone.audio.size() == 1);
  call.session().tell(SpeechStarted{"c1", 500});
  call.runtime.run_ready();
  CHECK(call.phone.stops.size() == 1);
  call.end();
  CHECK(call.phone.is_done);
  CHECK(call.phone.is_destroyed);
}

TEST_CASE(
    "a media socket that is silent for 30 seconds is told lost, and back with its first frame") {
  BridgedCall call({}, recording());
  call.begin();
  call.speak(1s);
  call.runtime.advance(29s);
  CHECK(call.observer.lost.empty());
  call.runtime.advance(2s);
  CHECK(call.observer.lost.size() == 1);
  call.speak(100ms);
  CHECK(call.observer.back == 1);
}

TEST_CASE("a lost session is opened again with the conversation and gets the audio that waited") {
  BridgedCall call({}, recording());
  call.begin();
  call.speak(1s);
  call.session().tell(ResponseStarted{"r1"});
  call.session().tell(AssistantTextDelta{"r1", "i1", "Good morning."});
  call.session().audio("r1", "i1", pcm(500ms, 24000));
  call.session().tell(AssistantAudioDone{"r1", "i1"});
  call.session().tell(ResponseEnded{"r1", ResponseStatus::completed, ""});
  call.speak(1s);
  call.session().tell(SessionEnded{true, "1006"});
  call.speak(1s);

  REQUIRE(call.assistant.sessions.size() == 2);
  REQUIRE(call.session().request.conversation.size() == 1);
  CHECK(call.session().request.conversation[0].text == "Good morning.");
  CHECK(call.session().appended_length() == 1s);
  CHECK(call.observer.reachable.empty());
}

TEST_CASE("an unreachable assistant is excused with the bundled notice, then the call is hung up") {
  BridgedCall call({}, recording());
  call.assistant.is_away = true;
  call.begin();
  call.speak(4900ms);
  CHECK(call.phone.audio.empty());
  call.speak(6s);
  CHECK(call.observer.reachable == std::vector<bool>{false});
  CHECK(call.phone.sent() > 4s);
  CHECK(call.observer.hang_ups.size() == 1);
  CHECK(call.assistant.attempts >= 4);
}

TEST_CASE("keys pressed are told") {
  BridgedCall call({}, recording());
  call.begin();
  CHECK(call.phone.messages.try_push({CallerDtmf{"3"}, ""}));
  call.runtime.run_ready();
  CHECK(call.observer.tones == "3");
}

TEST_CASE("in private time keys are not told and the assistant hears silence") {
  BridgedCall call({}, recording());
  call.begin();
  call.speak(1s);
  call.bridge->set_private(true);
  call.runtime.run_ready();
  const std::size_t before = call.session().appended.size();
  CHECK(call.phone.messages.try_push({CallerDtmf{"4"}, ""}));
  call.speak(1s);
  CHECK(call.observer.tones.empty());
  REQUIRE(call.session().appended.size() == before + 50);
  const std::string silence = pcm(20ms, 24000, 0);
  CHECK(std::ranges::count(call.session().appended, silence) == 50);
  call.bridge->set_private(false);
  call.runtime.run_ready();
  call.speak(1s);
  CHECK(std::ranges::count(call.session().appended, silence) == 50);
  CHECK(call.phone.messages.try_push({CallerDtmf{"5"}, ""}));
  call.runtime.run_ready();
  CHECK(call.observer.tones == "5");
}

TEST_CASE("in private time the assistant hears the caller where that is configured") {
  BridgedCall call({.assistant_hears_pauses = true}, recording());
  call.begin();
  call.bridge->set_private(true);
  call.speak(1s);
  CHECK(std::ranges::count(call.session().appended, pcm(20ms, 24000, 0)) == 0);
}

TEST_CASE("a notice that comes first leaves nothing in the tap and is told with its text's hash") {
  BridgeStart start;
  start.is_private = true;
  start.notice_first = true;
  BridgedCall call({.greeting = "Hello", .recording_notice = "Recorded."}, start);
  call.begin();
  CHECK(call.session().said == std::vector<std::string>{"Recorded."});
  call.session().tell(ResponseStarted{"r1"});
  call.session().audio("r1", "i1", pcm(1s, 24000));
  call.session().tell(AssistantAudioDone{"r1", "i1"});
  call.session().tell(AssistantTextDone{"r1", "i1", "Recorded."});
  call.session().tell(ResponseEnded{"r1", ResponseStatus::completed, ""});
  CHECK(call.phone.messages.try_push({CallerDtmf{"4"}, ""}));
  call.speak(2s);
  REQUIRE(call.observer.notices.size() == 1);
  const PlayedNotice& notice = call.observer.notices[0];
  CHECK(notice.samples == 24'000);
  CHECK(notice.to - notice.from == 1s);
  // printf 'Recorded.' | sha256sum
  CHECK(notice.text_sha256 == "6f77cb3948368060dffa5f1878860f4fbebde936f6fe67ea920f9cc82bdd1cac");
  call.bridge->recording_active(true);
  call.bridge->set_private(false);
  call.runtime.run_ready();
  CHECK(call.session().said.back() == "Hello");
  CHECK(call.observer.tones.empty());
  CHECK(call.observer.turns.empty());
  call.end();
  auto reader = TapReader::open(call.spool.kept[0]->tap);
  REQUIRE(reader.has_value());
  while (const auto block = reader->next())
    CHECK(std::ranges::count(block->samples, std::uint8_t{0}) == std::ssize(block->samples));
}

TEST_CASE("the end of the call closes session and socket and finishes the run") {
  BridgedCall call({}, recording());
  call.begin();
  call.speak(300ms);
  call.end();
  CHECK(call.session().is_closed);
  CHECK(call.phone.is_closed);
  CHECK(call.phone.is_done);
  CHECK(call.spool.kept[0]->finished);
}

TEST_CASE("an end before anything came leaves a finished ledger and nothing open") {
  BridgedCall call({}, recording());
  call.runtime.executor().spawn(call.bridge->run(),
                                [&](std::exception_ptr) { call.is_over = true; });
  call.runtime.run_ready();
  call.runtime.advance(1500ms);
  call.end();
  REQUIRE(call.spool.kept.size() == 1);
  const auto ledger = read_ledger(call.spool.kept[0]->ledger);
  REQUIRE(ledger.has_value());
  CHECK(ledger->seconds.size() == 2);
}

TEST_CASE("a socket that arrives after the end is closed and given back") {
  BridgedCall call({}, recording());
  call.begin();
  call.end();
  Phone late(call.clock());
  call.attach(late);
  call.runtime.run_ready();
  CHECK(late.is_closed);
  CHECK(late.is_done);
}

TEST_CASE("a notice during which the media socket is replaced is said again on the new one") {
  BridgeStart start;
  start.is_private = true;
  start.notice_first = true;
  BridgedCall call({.recording_notice = "Recorded."}, start);
  call.begin();
  const auto say = [&call](const std::string& response, const std::string& item) {
    call.session().tell(ResponseStarted{response});
    call.session().audio(response, item, pcm(1s, 24000));
    call.session().tell(AssistantAudioDone{response, item});
    call.session().tell(AssistantTextDone{response, item, "Recorded."});
    call.session().tell(ResponseEnded{response, ResponseStatus::completed, ""});
    call.runtime.run_ready();
  };
  say("r1", "i1");
  call.speak(500ms);
  Phone second(call.clock());
  call.attach(second);
  CHECK(call.session().said == std::vector<std::string>{"Recorded.", "Recorded."});
  call.speak(second, 2s);
  CHECK(call.observer.notices.empty());
  say("r2", "i2");
  call.speak(second, 2s);
  REQUIRE(call.observer.notices.size() == 1);
  CHECK(call.observer.notices[0].from > 2s);
  CHECK(second.sent() == 1s);
  call.end();
}
