#include "acs/event_decoder.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace earshot::acs {

namespace {

constexpr std::string_view incoming_grid = R"([{
  "id":"b1","topic":"/subscriptions/s/demo","subject":"/caller/4:+15550100/recipient/4:+15550199",
  "data":{"to":{"kind":"phoneNumber","rawId":"4:+15550199","phoneNumber":{"value":"+15550199"}},
    "from":{"phoneNumber":{"value":"+15550100"}},"serverCallId":"SCID","callerDisplayName":"Ann",
    "customContext":{"sipHeaders":{}},"incomingCallContext":"ctx.","correlationId":"corr"},
  "eventType":"Microsoft.Communication.IncomingCall","dataVersion":"1.0","metadataVersion":"1",
  "eventTime":"2026-03-02T09:15:28.0000000Z"}])";

std::string callback(std::string_view type, std::string_view data, std::string_view id = "1") {
  return fmt::format(
      R"([{{"id":"{}","source":"calling/callConnections/cc","type":"Microsoft.Communication.{}",)"
      R"("data":{},"time":"2026-03-02T09:15:31.1234567+00:00","specversion":"1.0"}}])",
      id, type, data);
}

DecodedEvents decode(std::string_view body, EventDoor door) {
  auto decoded = decode_events(body, door, ContextId{"ctx-1"});
  REQUIRE(decoded.has_value());
  return std::move(*decoded);
}

template <class Body>
Body single(std::string_view body, EventDoor door) {
  const auto decoded = decode(body, door);
  REQUIRE(decoded.events.size() == 1);
  REQUIRE(std::holds_alternative<Body>(decoded.events[0].body));
  return std::get<Body>(decoded.events[0].body);
}

}  // namespace

TEST_CASE("an incoming call is read in the Event Grid schema") {
  const auto decoded = decode(incoming_grid, EventDoor::event_grid);

  REQUIRE(decoded.events.size() == 1);
  const auto& event = decoded.events[0];
  CHECK(event.id == "b1");
  CHECK(event.correlation_id.text == "corr");
  CHECK(to_iso8601(event.occurred_at.value()) == "2026-03-02T09:15:28.000000Z");
  const auto& call = std::get<IncomingCall>(event.body);
  CHECK(call.caller == "4:+15550100");
  CHECK(call.called == "4:+15550199");
  CHECK(call.caller_name == "Ann");
  CHECK(call.incoming_call_context.reveal() == "ctx.");
  CHECK(call.resource_topic == "/subscriptions/s/demo");
}

TEST_CASE("an incoming call is read in the CloudEvents schema, as a single object") {
  const auto call = single<IncomingCall>(
      R"({"id":"b1","source":"/subscriptions/s/demo","type":"Microsoft.Communication.IncomingCall",
          "time":"2026-03-02T09:15:28Z","specversion":"1.0",
          "data":{"to":{"rawId":"4:+15550199"},"from":{"rawId":"4:anonymous"},"serverCallId":"S",
                  "incomingCallContext":"ctx.","correlationId":"corr"}})",
      EventDoor::event_grid);

  CHECK(call.caller == "4:anonymous");
  CHECK(call.resource_topic == "/subscriptions/s/demo");
}

TEST_CASE("the validation event of a subscription gives its code, and only at Event Grid's door") {
  constexpr std::string_view body =
      R"([{"id":"7","topic":"t","subject":"","data":{"validationCode":"512D","validationUrl":"u"},
          "eventType":"Microsoft.EventGrid.SubscriptionValidationEvent"}])";

  CHECK(decode(body, EventDoor::event_grid).validation_code == "512D");
  const auto elsewhere = decode(body, EventDoor::call_callback);
  CHECK_FALSE(elsewhere.validation_code.has_value());
  CHECK(std::holds_alternative<OtherEvent>(elsewhere.events.at(0).body));
}

TEST_CASE("a callback names its call by the door it came through and by the data") {
  const auto decoded =
      decode(callback("CallConnected",
                      R"({"callConnectionId":"cc","serverCallId":"S","correlationId":"corr"})"),
             EventDoor::call_callback);

  const auto& event = decoded.events.at(0);
  CHECK(event.context_id.text == "ctx-1");
  CHECK(event.connection_id.text == "cc");
  CHECK(event.server_call_id.text == "S");
  CHECK(std::holds_alternative<CallConnected>(event.body));
  CHECK(to_iso8601(event.occurred_at.value()) == "2026-03-02T09:15:31.123456Z");
}

TEST_CASE("results are read as numbers, as text, and when they are absent or absurd") {
  const auto ended = [](std::string_view result) {
    return single<CallDisconnected>(
               callback(
                   "CallDisconnected",
                   fmt::format(R"({{"callConnectionId":"cc","resultInformation":{}}})", result)),
               EventDoor::call_callback)
        .result;
  };

  CHECK(ended(R"({"code":200,"subCode":560000,"message":"bye"})").sub_code == 560000);
  CHECK(ended(R"({"code":"200","subCode":560000.0})").code == 200);
  CHECK(ended("null").code == 0);
  CHECK(ended(R"({"code":99999999999999999999,"subCode":1e300,"message":7})").code == 0);
}

TEST_CASE("a recording's state is read whatever the case of the word") {
  const auto change = single<RecordingStateChanged>(
      callback("RecordingStateChanged",
               R"({"recordingId":"RID","state":"Active","startDateTime":"2026-03-02T09:15:33Z"})"),
      EventDoor::recording_callback);

  CHECK(change.active);
  CHECK(change.recording_id.text == "RID");
  CHECK(to_iso8601(change.started_at.value()) == "2026-03-02T09:15:33.000000Z");
}

TEST_CASE("a recording state that is neither active nor inactive is kept without effect") {
  single<OtherEvent>(
      callback("RecordingStateChanged", R"({"recordingId":"RID","state":"resting"})"),
      EventDoor::recording_callback);
}

TEST_CASE("the id of a recording is behind the last recordingId of the subject") {
  CHECK(recording_id_of_subject("/recording/call/x/serverCallId/a/recordingId/b==/recordingId/R") ==
        "R");
  CHECK(recording_id_of_subject("calling/recordings/S/recordingId/R/RecordingStateChanged") == "R");
  CHECK(recording_id_of_subject("/recording/call/x").empty());
}

TEST_CASE("finished files are read from either door, sorted, whatever the case of their words") {
  constexpr std::string_view body =
      R"({"id":"c2","subject":"/recording/call/1d/serverCallId/aHR0/x==/recordingId/RID",
        "eventType":"Microsoft.Communication.RecordingFileStatusUpdated",
        "data":{"recordingStorageInfo":{"recordingChunks":[
          {"documentId":"d1","index":1,"endReason":"SessionEnded","contentLocation":"https://h/1"},
          "nonsense",
          {"documentId":"d0","index":0,"endReason":"ChunkMaximumSizeExceeded",
           "contentLocation":"https://h/0","metadataLocation":"https://h/m","deleteLocation":"https://h/d"}]},
        "recordingStartTime":"2026-03-02T09:15:33.0000000Z","recordingDurationMs":209000,
        "recordingContentType":"Audio","sessionEndReason":"CallEnded"}})";

  for (const auto door : {EventDoor::event_grid, EventDoor::recording_callback}) {
    const auto update = single<RecordingFileStatusUpdated>(body, door);
    CHECK(update.recording_id.text == "RID");
    REQUIRE(update.chunks.size() == 2);
    CHECK(update.chunks[0].document_id == "d0");
    CHECK(update.chunks[0].metadata_location == "https://h/m");
    CHECK(update.chunks[1].index == 1);
    CHECK(update.duration == std::chrono::milliseconds(209000));
    CHECK(update.session_end_reason == "CallEnded");
  }
}

TEST_CASE("one bad event of a batch is named and the others are kept") {
  const auto decoded = decode(
      R"([{"id":"1","type":"Microsoft.Communication.CallConnected","data":{"callConnectionId":"cc"}},
          7, {"id":"3"},
          {"id":"4","type":"Microsoft.Communication.RecordingStateChanged","data":{"state":"active"}},
          {"id":"5","type":"Microsoft.Communication.ParticipantsUpdated","data":null}])",
      EventDoor::call_callback);

  CHECK(decoded.events.size() == 2);
  REQUIRE(decoded.rejected.size() == 3);
  CHECK(decoded.rejected[0].index == 1);
  CHECK(decoded.rejected[1].reason.find("type") != std::string::npos);
  CHECK(decoded.rejected[2].reason == "data.recordingId is missing");
}

TEST_CASE("an event at a door that is not its own has no effect") {
  auto at_callback = decode(incoming_grid, EventDoor::call_callback);
  CHECK(std::holds_alternative<OtherEvent>(at_callback.events.at(0).body));
  CHECK(at_callback.at_wrong_door == 1);

  auto at_grid = decode(callback("CallDisconnected", "{}"), EventDoor::event_grid);
  CHECK(std::holds_alternative<OtherEvent>(at_grid.events.at(0).body));
  CHECK(at_grid.at_wrong_door == 1);
}

TEST_CASE("unknown types are kept as other events") {
  single<OtherEvent>(callback("SomethingNew", "{}"), EventDoor::call_callback);
  single<OtherEvent>(R"({"type":"Vendor.Event","id":"1"})", EventDoor::event_grid);
}

TEST_CASE("of what is none of our business at Event Grid's door only type and id are kept") {
  const auto kept = decode(
      R"([{"id":"7","eventType":"Microsoft.Communication.SMSReceived","subject":"/phonenumber/+1",
          "data":{"from":"+15550100","message":"my password"}}])",
      EventDoor::event_grid);
  REQUIRE(kept.events.size() == 1);
  CHECK(kept.events[0].raw == R"({"id":"7","type":"Microsoft.Communication.SMSReceived"})");
}

TEST_CASE("of events that may hold keys or speech only type and id are kept") {
  const auto kept = decode(callback("ContinuousDtmfRecognitionToneReceived",
                                    R"({"callConnectionId":"cc","tone":"four","sequenceId":1})"),
                           EventDoor::call_callback);
  REQUIRE(kept.events.size() == 1);
  CHECK(kept.events[0].raw.find("four") == std::string::npos);
  CHECK(kept.events[0].connection_id.text == "cc");
  const auto other = decode(callback("ParticipantsUpdated", R"({"callConnectionId":"cc"})"),
                            EventDoor::call_callback);
  CHECK(other.events.at(0).raw.find("cc") != std::string::npos);
}

TEST_CASE("an event without an id gets the same one each time it is delivered") {
  const auto body = callback("CallConnected", R"({"callConnectionId":"cc"})", "");
  const auto first = decode(body, EventDoor::call_callback).events.at(0).id;

  CHECK(first.starts_with("sha256:"));
  CHECK(decode(" " + body + "\n", EventDoor::call_callback).events.at(0).id == first);
  CHECK(decode(callback("CallConnected", R"({"callConnectionId":"cc","a":1})", ""),
               EventDoor::call_callback)
            .events.at(0)
            .id != first);
}

TEST_CASE("each event keeps its own text exactly") {
  const auto decoded = decode(R"( [ {"type":"A","x":"]},{\"" , "n":1.50} , {"type":"B"} ] )",
                              EventDoor::call_callback);

  REQUIRE(decoded.events.size() == 2);
  CHECK(decoded.events[0].raw == R"({"type":"A","x":"]},{\"" , "n":1.50})");
  CHECK(decoded.events[1].raw == R"({"type":"B"})");
}

TEST_CASE("a body that is no JSON, torn, too deep or too many is refused with its place") {
  const auto refused = [](std::string_view body) {
    const auto decoded = decode_events(body, EventDoor::event_grid, {});
    REQUIRE_FALSE(decoded.has_value());
    CHECK(decoded.error().kind == ErrorKind::invalid);
    return decoded.error().message;
  };

  CHECK(refused("").find("offset") != std::string::npos);
  CHECK(refused("[{\"type\":").find("offset 9") != std::string::npos);
  CHECK(refused("[] []").find("offset") != std::string::npos);
  CHECK(refused("\"text\"").find("neither") != std::string::npos);
  CHECK(refused("\xff\xfe").find("not JSON") != std::string::npos);
  refused(std::string(100'000, '['));
  std::string many = "[0";
  for (std::size_t i = 0; i < events_per_body_max; ++i) many += ",0";
  refused(many + "]");
  CHECK(decode("[]", EventDoor::event_grid).events.empty());
}

TEST_CASE("an event that says that a call is there or over must say which") {
  for (const char* type : {"CallConnected", "CallDisconnected", "AnswerFailed"})
    for (const char* data : {"{}", "null", R"({"callConnectionId":7})"}) {
      CAPTURE(std::string(type));
      CAPTURE(std::string(data));
      const auto decoded = decode(callback(type, data), EventDoor::call_callback);
      CHECK(decoded.events.empty());
      REQUIRE(decoded.rejected.size() == 1);
      CHECK(decoded.rejected[0].reason == "data.callConnectionId is missing");
    }
}

TEST_CASE("a recordingId that is no base64 is never taken") {
  for (const std::string& id :
       {std::string("../../../etc/passwd"), std::string("a b"),
        std::string("x'; DROP TABLE recordings;--"), std::string(5000, 'A')})
    for (const char* type : {"RecordingStateChanged", "StartRecordingFailed"}) {
      CAPTURE(id);
      const auto data = fmt::format(R"({{"recordingId":"{}","state":"active"}})", id);
      const auto decoded = decode(callback(type, data), EventDoor::recording_callback);
      CHECK(decoded.events.empty());
      REQUIRE(decoded.rejected.size() == 1);
      CHECK(decoded.rejected[0].reason == "data.recordingId is not base64");
    }
}

}  // namespace earshot::acs
