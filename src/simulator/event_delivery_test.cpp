#include "simulator/testing/scripted_application.hpp"
#include "simulator/tones.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::simulator;
using earshot::simulator::testing::Bench;

namespace {

namespace json = boost::json;

CallPlan short_call() {
  CallPlan plan;
  plan.hang_up_at = 3s;
  return plan;
}

AcsOptions with_fault(const char* text) {
  AcsOptions options;
  options.faults.push_back(*parse_fault(text));
  return options;
}

std::ptrdiff_t count(const Bench& bench, const char* type) {
  return std::ranges::count(bench.app->event_types, type);
}

std::ptrdiff_t place_of(const Bench& bench, const char* type) {
  return std::ranges::find(bench.app->event_types, type) - bench.app->event_types.begin();
}

}  // namespace

TEST_CASE("IncomingCall comes in Event Grid's schema, with its headers") {
  Bench bench;
  bench.call(short_call());
  const auto& request = bench.app->incoming.at(0);
  CHECK(request.target == "/api/incomingCall?secret=s");
  CHECK(request.headers.get("aeg-event-type") == "Notification");
  CHECK(request.headers.get("aeg-delivery-count") == "0");
  const json::value body = json::parse(request.body);
  REQUIRE(body.as_array().size() == 1);
  const json::value& event = body.as_array()[0];
  CHECK(event.at("eventType").as_string() == "Microsoft.Communication.IncomingCall");
  CHECK(event.at("data").at("from").at("phoneNumber").at("value").as_string() == "+15550100");
  CHECK(event.at("data").at("to").at("rawId").as_string() == "4:+15550199");
  CHECK(event.at("subject").as_string() == "/caller/4:+15550100/recipient/4:+15550199");
}

TEST_CASE("events come as CloudEvents when the subscription says so") {
  AcsOptions options;
  options.events.schema = EventGridSchema::cloud_events;
  Bench bench(options);
  CallPlan plan = short_call();
  plan.from = "anonymous";
  const CallReport report = bench.call(plan);
  CHECK(report.outcome == CallOutcome::completed);
  const auto& request = bench.app->incoming.at(0);
  CHECK(request.headers.get("Content-Type") == "application/cloudevents+json; charset=utf-8");
  const json::value event = json::parse(request.body);
  CHECK(event.at("specversion").as_string() == "1.0");
  CHECK(event.at("data").at("from").at("rawId").as_string() == "4:anonymous");
}

TEST_CASE("a callback is an array of CloudEvents with a token of its own") {
  Bench bench;
  const CallReport report = bench.call(short_call());
  std::vector<std::string> tokens;
  for (const auto& callback : bench.app->callbacks) {
    const std::string token(callback.headers.get("Authorization"));
    CHECK(token.starts_with("Bearer "));
    CHECK(std::ranges::find(tokens, token) == tokens.end());
    tokens.push_back(token);
    const json::value body = json::parse(callback.body);
    const json::value& event = body.as_array().at(0);
    CHECK(event.at("data").at("callConnectionId").as_string() == report.connection_id);
    CHECK(event.at("time").as_string().ends_with("0+00:00"));
  }
  const auto& first = bench.app->callbacks.at(0);
  CHECK(first.target == "/api/callbacks/one?k=x");
  const json::value connected = json::parse(first.body);
  CHECK(connected.at(0).at("data").at("operationContext").as_string() == "op-1");
  const auto& upgrade = bench.app->upgrades.at(0);
  CHECK(upgrade.headers.get("x-ms-call-connection-id") == report.connection_id);
  CHECK(upgrade.headers.get("x-ms-call-correlation-id") == report.correlation_id);
  CHECK(upgrade.headers.get("Authorization").starts_with("Bearer "));
}

TEST_CASE("the file event names every chunk, and where to fetch it") {
  AcsOptions options{.chunk_length = 1s};
  Bench bench(options);
  const CallReport report = bench.call(short_call());
  const json::value body = json::parse(bench.app->incoming.at(1).body);
  const json::value& event = body.as_array()[0];
  CHECK(std::string_view(event.at("subject").as_string())
            .ends_with("/recordingId/" + bench.app->recording_id));
  const auto& chunks = event.at("data").at("recordingStorageInfo").at("recordingChunks");
  REQUIRE(chunks.as_array().size() == report.recordings.at(0).chunks.size());
  CHECK(chunks.as_array().back().at("endReason").as_string() == "SessionEnded");
  CHECK(event.at("data").at("recordingChannelType").as_string() == "Mixed");
  std::string location(chunks.at(0).at("contentLocation").as_string());
  location.erase(0, std::string("http://127.0.0.1:7071").size());
  const auto fetched = bench.runtime.run_for(
      bench.app->request("GET", location, "", {{"x-ms-host", "127.0.0.1:7071"}}));
  CHECK(fetched.status == 200);
  CHECK(fetched.body.starts_with("RIFF"));
}

TEST_CASE("events can come twice, late, in another order, or never") {
  {
    Bench bench(with_fault("callback.CallConnected:copies=2"));
    bench.app->records = false;
    bench.call(short_call());
    CHECK(count(bench, "CallConnected") == 3);
  }
  {
    Bench bench(with_fault("callback.CallConnected:reorder"));
    bench.call(short_call());
    CHECK(place_of(bench, "ParticipantsUpdated") < place_of(bench, "CallConnected"));
  }
  {
    Bench bench(with_fault("callback.CallDisconnected:drop"));
    const CallReport report = bench.call(short_call());
    CHECK(count(bench, "CallDisconnected") == 0);
    CHECK(report.callbacks_refused == 1);
  }
  {
    Bench bench(with_fault("event_grid.IncomingCall:copies=1,delay=2s"));
    const CallReport report = bench.call(short_call());
    CHECK(report.answered_at - report.placed_at >= 2s);
    CHECK(bench.app->incoming.size() == 3);
  }
}

TEST_CASE("two events can come in one array") {
  AcsOptions options{.batch_connected_events = true};
  Bench bench(options);
  bench.call(short_call());
  CHECK(json::parse(bench.app->callbacks.at(0).body).as_array().size() == 2);
  CHECK(count(bench, "CallConnected") == 1);
}

TEST_CASE("a recording can fail to start after it was accepted") {
  AcsOptions options = with_fault("recording.start:drop");
  options.recording_answers_202 = true;
  Bench bench(options);
  const CallReport report = bench.call(short_call());
  CHECK(bench.app->recording_status == 202);
  CHECK(count(bench, "StartRecordingFailed") == 1);
  CHECK(count(bench, "RecordingStateChanged") == 0);
  CHECK(report.recordings.at(0).chunks.empty());
}

TEST_CASE("a recording that stops unasked says so, and another can be started") {
  Bench bench;
  CallPlan plan = short_call();
  plan.recording_stops_at = {1s};
  const CallReport report = bench.call(plan);
  CHECK(report.recordings.size() == 1);
  CHECK(report.recordings[0].length < 1s);
  CHECK(count(bench, "RecordingStateChanged") == 2);
}

TEST_CASE("a media socket that cannot be opened leaves the call up and is reported") {
  Bench bench(with_fault("media.connect:drop"));
  const CallReport report = bench.call(short_call());
  CHECK(report.outcome == CallOutcome::completed);
  CHECK(report.sockets_refused == 1);
  CHECK(count(bench, "MediaStreamingFailed") == 1);
  const auto failed = std::ranges::find_if(bench.app->callbacks, [](const auto& callback) {
    return callback.body.find("MediaStreamingFailed") != std::string::npos;
  });
  CHECK(failed->body.find("initialWebSocketConnectionFailed") != std::string::npos);
  CHECK(failed->body.find("8581") != std::string::npos);
}

TEST_CASE("an answer can fail") {
  Bench bench(with_fault("call.connect:drop"));
  const CallReport report = bench.call(short_call());
  CHECK(report.outcome == CallOutcome::answer_failed);
  CHECK(count(bench, "AnswerFailed") == 1);
  CHECK(count(bench, "CallDisconnected") == 0);
}

TEST_CASE("keys pressed by the caller arrive as DtmfData") {
  Bench bench;
  CallPlan plan = short_call();
  plan.dtmf = {{1s, "3"}, {1500ms, "#"}};
  bench.call(plan);
  std::vector<std::string> tones;
  for (const auto& message : bench.app->media)
    if (message.find("DtmfData") != std::string::npos) tones.push_back(message);
  REQUIRE(tones.size() == 2);
  CHECK(tones[0] == R"({"kind":"DtmfData","dtmfData":{"data":"3"}})");
}

TEST_CASE("an unmixed recording pins the caller where it was asked") {
  auto store = std::make_unique<MemoryChunkStore>();
  const auto& files = store->files();
  Bench bench({}, std::move(store));
  bench.app->recording_options =
      R"(,"recordingChannelType":"unmixed","audioChannelParticipantOrdering":)"
      R"([{"kind":"phoneNumber","rawId":"4:+15550100","phoneNumber":{"value":"+15550100"}}])";
  const CallReport report = bench.call(short_call());
  const auto& chunk = report.recordings.at(0).chunks.at(0);
  const json::value metadata = json::parse(files.at(chunk.metadata_name));
  CHECK(metadata.at("participants").at(0).at("participantId").as_string() == "4:+15550100");
  CHECK(metadata.at("participants").at(0).at("channel").as_int64() == 0);
  CHECK(files.at(chunk.audio_name)[22] == 2);  // channels, in the header
}

TEST_CASE("a call under every kind of trouble still ends, the same for the same seed") {
  const auto run = [](std::uint64_t seed) {
    AcsOptions options{.seed = seed, .chunk_length = 1s};
    for (const char* text :
         {"callback.*:copies=1,chance=0.3", "callback.*:reorder,chance=0.3",
          "callback.*:drop,chance=0.1", "event_grid.*:delay=100ms,spread=2s,chance=0.5",
          "rest.start_recording:status=500,chance=0.5", "media.connect:drop,chance=0.3",
          "storage.put:delay=1s,spread=3s,chance=0.5"})
      options.faults.push_back(*parse_fault(text));
    Bench bench(options, std::make_unique<MemoryChunkStore>());
    CallPlan plan = short_call();
    plan.media_troubles = {{MediaTroubleKind::cut, 1s, {}}, {MediaTroubleKind::lose, 2s, 200ms}};
    const CallReport report = bench.call(plan);
    CHECK(report.outcome == CallOutcome::completed);
    return std::pair(report.frames_sent, bench.app->event_types);
  };
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    CHECK(run(seed) == run(seed));
  }
}

TEST_CASE("the subscription is validated only by the right answer") {
  Bench bench;
  auto validated = bench.runtime.run_for(
      bench.acs->validate_subscription("http://127.0.0.1:8080/api/incomingCall?secret=s"));
  CHECK_FALSE(validated.has_value());  // the scripted application does not know the handshake
  CHECK(validation_answered(R"({"validationResponse":"A"})", "A"));
  CHECK_FALSE(validation_answered(R"({"validationResponse":"B"})", "A"));
  CHECK_FALSE(validation_answered("", "A"));
}
