#include "calls/call_director.hpp"

#include "calls/testing/call_desk.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::calls;
using namespace earshot::calls::testing;

TEST_CASE("a call is answered with addresses that only ACS is told") {
  CallDesk desk;
  desk.start();

  desk.accept(desk.ring());

  const auto call = desk.call();
  REQUIRE(desk.acs.answered.has_value());
  CHECK(desk.acs.answered->callback_uri ==
        "https://voice.example.com/api/callbacks/" + call.id.text + "?k=" + call.link_key);
  CHECK(desk.acs.answered->media_uri ==
        "wss://voice.example.com/ws/" + call.id.text + "?k=" + call.link_key);
  CHECK(desk.acs.answered->incoming_call_context.reveal() == "context");
  CHECK(desk.acs.answered->repeatability.request_id == call.answer_request_id);
  CHECK(call.phase == CallPhase::answering);
  CHECK(desk.store.events_waiting() == 0);
}

TEST_CASE("a whole call is recorded, ended and looked for") {
  CallDesk desk;
  desk.start();
  desk.talk();
  REQUIRE(desk.acs.starts.size() == 1);
  CHECK(desk.acs.starts[0].state_callback_uri.starts_with(
      "https://voice.example.com/api/callbacks?c=" + desk.call().id.text + "&k="));
  CHECK(desk.bridge().gate);
  CHECK(desk.bridge().start.connected_at == desk.call().connected_at);
  CHECK(desk.counters.gauge("earshot_calls_active", "").value() == 1);
  CHECK(desk.counters.gauge("earshot_recordings_active", "").value() == 1);

  desk.accept(desk.disconnected());
  desk.advance(1s);

  CHECK(desk.call().phase == CallPhase::ended);
  CHECK(desk.acs.count("stop R1") == 1);
  CHECK(desk.discoveries() == std::vector<std::string>{"R1"});
  CHECK(desk.recordings().at(0).phase == RecordingPhase::stopped);
  CHECK(desk.bridge().end_reason == "the remote party hung up (200/560000)");
  CHECK(desk.sockets_ended == 1);
  CHECK(desk.store.events_waiting() == 0);
  CHECK(desk.counters.gauge("earshot_calls_active", "").value() == 0);
  CHECK(desk.log.contains("Starting recording (BYOS)") !=
        desk.log.contains("Starting recording (service-managed)"));
  CHECK(desk.log.contains("[RecordingCallback] StateChanged: state=active"));
}

TEST_CASE("a webhook delivered twice starts one recording") {
  CallDesk desk;
  desk.start();
  const auto ring = desk.ring();
  CHECK(desk.accept(ring) == Accepted::stored);
  CHECK(desk.accept(ring) == Accepted::duplicate);
  const auto connected = desk.connected();
  CHECK(desk.accept(connected) == Accepted::stored);
  CHECK(desk.accept(connected) == Accepted::duplicate);

  desk.accept(desk.connected());  // the same news under another id

  CHECK(desk.calls().size() == 1);
  CHECK(desk.acs.count("answer") == 1);
  CHECK(desk.acs.count("start") == 1);
}

TEST_CASE("the same ring under two event ids is one call") {
  CallDesk desk;
  desk.start();

  desk.accept(std::vector{desk.ring(), desk.ring()});
  desk.accept(desk.ring());

  CHECK(desk.calls().size() == 1);
  CHECK(desk.acs.count("answer") == 1);
  CHECK(desk.accept(desk.ring("corr", "4:+15550111")) == Accepted::stored);
  CHECK(desk.calls().size() == 2);
}

TEST_CASE("events out of order end in the same place") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());
  const auto connected = desk.connected();

  desk.accept(desk.disconnected());
  desk.accept(connected);
  desk.advance(1min);

  CHECK(desk.call().phase == CallPhase::ended);
  CHECK(desk.acs.count("start") == 0);
  CHECK(desk.store.events_waiting() == 0);
}

TEST_CASE("an event that comes after its call is over is kept and changes nothing else") {
  CallDesk desk;
  desk.start();
  desk.talk();
  desk.accept(desk.disconnected());
  desk.advance(1min);
  const auto asked = desk.acs.asked.size();

  CHECK(desk.accept(desk.state_changed("R1", false)) == Accepted::stored);
  desk.advance(1min);

  CHECK(desk.acs.asked.size() == asked);
  CHECK(desk.journal_has("event RecordingStateChanged"));
  CHECK(desk.store.events_waiting() == 0);
  CHECK(desk.process->director.diagnostics().empty());
}

TEST_CASE("an event of a call we never made is answered and forgotten") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());
  auto event = desk.connected();
  event.context_id = {"5f1e0c00-1111-4222-8333-444455556666"};

  CHECK(desk.accept(event) == Accepted::unknown_call);
  CHECK(desk.store.events_waiting() == 0);
  CHECK(desk.counters.counter("earshot_events_total", "", {{"outcome", "unknown_call"}}).value() ==
        1);
}

TEST_CASE("a ring does not wait behind thousands of events that are no call's") {
  CallDesk desk;
  desk.start();
  desk.store.commit_takes = 5ms;
  std::vector<InboundEvent> batch;
  batch.reserve(2000);
  for (int i = 0; i < 2000; ++i)
    batch.push_back(InboundEvent{.door = EventDoor::event_grid,
                                 .id = "other-" + std::to_string(i),
                                 .type = "Microsoft.Communication.SMSReceived",
                                 .body = OtherEvent{},
                                 .raw = "{}"});
  batch.push_back(desk.ring());

  desk.accept(std::move(batch));
  desk.advance(1s);

  CHECK(desk.acs.answered.has_value());
  CHECK(desk.store.events_waiting() == 0);
}

TEST_CASE("a ring that is too old is kept and not answered") {
  CallDesk desk;
  desk.start();
  auto ring = desk.ring();
  ring.occurred_at = desk.runtime.clock().wall_now() - 31s;

  desk.accept(ring);

  CHECK(desk.call().phase == CallPhase::not_answered);
  CHECK(desk.acs.asked.empty());
  CHECK(desk.store.events_waiting() == 0);
}

TEST_CASE("calls beyond the number allowed are rejected as busy") {
  CallDesk desk;
  desk.options.calls_max = 1;
  desk.start();

  desk.accept(desk.ring("one"));
  desk.accept(desk.ring("two"));

  CHECK(desk.acs.count("answer") == 1);
  CHECK(desk.acs.count("reject") == 1);
}

TEST_CASE("a call for another number is left to ring") {
  CallDesk desk;
  desk.options.numbers = {"+15550100"};
  desk.start();

  desk.accept(desk.ring("one", "4:+15550199"));
  CHECK(desk.acs.asked.empty());
  desk.accept(desk.ring("two", "4:+15550100"));

  CHECK(desk.acs.count("answer") == 1);
}

TEST_CASE("an answer that fails once is sent again as the same request") {
  CallDesk desk;
  desk.start();
  desk.acs.fail_next("answer", broken());

  desk.accept(desk.ring());
  CHECK(desk.store.events_waiting() == 1);  // with what answering needs
  desk.advance(2s);

  CHECK(desk.acs.count("answer") == 2);
  CHECK(desk.call().answered_at.has_value());
  CHECK(desk.store.events_waiting() == 0);
}

TEST_CASE("an answer that is refused is given up with an alert") {
  CallDesk desk;
  desk.start();
  desk.acs.fail_next("answer", Error{.kind = ErrorKind::refused, .message = "401", .status = 401});

  desk.accept(desk.ring());

  CHECK(desk.call().phase == CallPhase::not_answered);
  CHECK(desk.alerts.has("answer_failed"));
  CHECK(desk.process->director.calls_open() == 0);
}

TEST_CASE("a recording that cannot be started is started again until it can") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());
  for (int i = 0; i < 3; ++i) desk.acs.fail_next("start", broken());

  desk.accept(desk.connected());
  desk.advance(10s);

  CHECK(desk.acs.count("start") == 4);
  CHECK(desk.alerts.has("recording_start_failed"));
  CHECK(desk.call().recording_id.text == "R1");
  CHECK(desk.call().recording_phase == RecordingPhase::active);  // found by asking
  CHECK(desk.acs.starts[0].repeatability.request_id != desk.acs.starts[1].repeatability.request_id);
}

TEST_CASE("no word on a recording's state names the door to check") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());
  desk.accept(desk.connected());

  desk.advance(11s);

  REQUIRE(desk.alerts.has("recording_state_event_missing"));
  CHECK(desk.alerts.raised.back().message.find("/api/callbacks is reachable") != std::string::npos);
}

TEST_CASE("a recording that is inactive unasked is replaced and both are looked for") {
  CallDesk desk;
  desk.start();
  desk.talk();

  desk.acs.recordings[{"R1"}] = false;
  desk.accept(desk.state_changed("R1", false));
  CHECK(desk.acs.count("start") == 2);
  CHECK_FALSE(desk.bridge().gate);
  desk.accept(desk.state_changed("R2", true));
  CHECK(desk.bridge().gate);
  desk.advance(10s);
  CHECK(desk.alerts.has("recording_stopped_unasked"));
  desk.accept(desk.disconnected());
  desk.advance(1s);

  auto found = desk.discoveries();
  std::ranges::sort(found);
  CHECK(found == std::vector<std::string>{"R1", "R2"});
}

TEST_CASE("a recording that dies without a word is found by the poll") {
  CallDesk desk;
  desk.start();
  desk.talk();

  desk.acs.recordings[{"R1"}] = false;
  desk.acs.fail_next("get_recording", broken());
  desk.advance(2min);

  CHECK(desk.acs.count("start") == 2);
  CHECK(desk.call().recording_id.text == "R2");
}

TEST_CASE("a recording already absent at the end counts as stopped") {
  CallDesk desk;
  desk.start();
  desk.talk();
  desk.acs.recordings[{"R1"}] = false;  // ended with its call

  desk.accept(desk.disconnected());
  desk.advance(1s);

  CHECK(desk.log.contains("Recording R1 already absent (treated as stopped - 8522)"));
  CHECK(desk.recordings().at(0).phase == RecordingPhase::stopped);
}

TEST_CASE("the longest allowed call is hung up") {
  CallDesk desk;
  desk.options.machine.call_length_max = 10min;
  desk.start();
  desk.talk();

  desk.advance(10min);

  CHECK(desk.acs.count("hang_up") == 1);
  CHECK(desk.call().end_reason == "the longest allowed call was reached");
}

TEST_CASE("the bridge may ask for a hang-up and only counts keys") {
  CallDesk desk;
  desk.start();
  desk.talk();

  desk.bridge().observer.dtmf("5");
  desk.bridge().observer.dtmf("7");
  desk.bridge().observer.wants_hang_up("nobody spoke");
  desk.advance(1s);
  CHECK(desk.acs.count("hang_up") == 1);
  desk.accept(desk.disconnected());
  desk.advance(2s);

  CHECK(desk.call().end_reason == "nobody spoke");
  CHECK(desk.journal_has("keys pressed"));
}

TEST_CASE("the operator pauses, resumes and stops a recording") {
  CallDesk desk;
  desk.start();
  desk.talk();
  auto& director = desk.process->director;
  const auto id = desk.call().id;

  REQUIRE(desk.runtime.run_for(director.pause_recording(id)).has_value());
  desk.advance(5s);
  CHECK(desk.call().recording_phase == RecordingPhase::paused);
  CHECK_FALSE(desk.bridge().gate);
  CHECK(desk.runtime.run_for(director.pause_recording(id)).error().kind == ErrorKind::conflict);
  REQUIRE(desk.runtime.run_for(director.resume_recording(id)).has_value());
  desk.advance(1s);
  CHECK(desk.bridge().gate);
  auto pauses = desk.runtime.run_for(desk.store.pauses_of({"R1"}));
  REQUIRE(pauses->size() == 1);
  CHECK((*pauses)[0].to.has_value());
  REQUIRE(desk.runtime.run_for(director.stop_recording(id)).has_value());
  desk.advance(1s);

  CHECK(desk.call().recording_phase == RecordingPhase::stopped);
  CHECK(desk.discoveries() == std::vector<std::string>{"R1"});
  CHECK(desk.acs.count("start") == 1);
}

TEST_CASE("the operator's wish for a call that is not there is not found") {
  CallDesk desk;
  desk.start();

  auto done = desk.runtime.run_for(desk.process->director.hang_up({"none"}));

  CHECK(done.error().kind == ErrorKind::not_found);
}

TEST_CASE("diagnostics show the four maps of a call in progress") {
  CallDesk desk;
  desk.start();
  desk.talk();

  const auto rows = desk.process->director.diagnostics();

  REQUIRE(rows.size() == 1);
  CHECK(rows[0].correlation.text == "corr");
  CHECK(rows[0].server_call.text == "server");
  CHECK(rows[0].active_recording.text == "R1");
  CHECK(rows[0].recording_state == "active");
}

TEST_CASE("a draining service rejects rings and lets calls finish") {
  CallDesk desk;
  desk.start();
  desk.talk();

  desk.process->director.drain();
  desk.accept(desk.ring("late"));
  CHECK(desk.acs.count("reject") == 1);

  CHECK(desk.process->director.calls_open() == 1);
}

TEST_CASE("calls that outlast a stop's deadline are hung up") {
  CallDesk desk;
  desk.options.hang_up_at_stop = true;
  desk.start();
  desk.talk();

  desk.stop();

  CHECK(desk.acs.count("hang_up") == 1);
  CHECK(desk.sockets_ended == 1);
}

TEST_CASE("an event at the bare recording door finds its call by the recording") {
  CallDesk desk;
  desk.start();
  desk.talk();
  auto event = desk.state_changed("R1", false);
  event.context_id = {};
  event.connection_id = {};
  event.server_call_id = {};
  event.correlation_id = {};
  desk.acs.recordings[{"R1"}] = false;

  desk.accept(event);

  CHECK(desk.acs.count("start") == 2);
}

TEST_CASE("the locations of a file status event stay in the journal") {
  CallDesk desk;
  desk.start();
  desk.talk();
  InboundEvent event{.door = EventDoor::event_grid,
                     .id = "file",
                     .type = "Microsoft.Communication.RecordingFileStatusUpdated",
                     .raw = "{}"};
  event.body = RecordingFileStatusUpdated{
      .recording_id = {"R1"}, .chunks = {{.index = 0, .content_location = "https://x/0"}}};

  desk.accept(event);

  const auto entries = desk.runtime.run_for(desk.store.journal_of(desk.call().id));
  const auto found =
      std::ranges::find(*entries, "event RecordingFileStatusUpdated", &JournalEntry::type);
  REQUIRE(found != entries->end());
  CHECK(found->detail.find(R"("contentLocation":"https://x/0")") != std::string::npos);
}
