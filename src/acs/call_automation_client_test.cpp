#include "acs/call_automation_client.hpp"

#include "acs/request_signer.hpp"
#include "acs/testing/fake_http_client.hpp"
#include "base/base64.hpp"
#include "net/testing/test_runtime.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>
#include <set>

namespace earshot::acs {

namespace json = boost::json;

namespace {

constexpr std::string_view key_text = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
constexpr std::string_view properties_json =
    R"({"callConnectionId":"cc-1","serverCallId":"S","correlationId":"corr",
        "callConnectionState":"connecting","mediaStreamingSubscription":{"state":"active"}})";

struct KeptDiagnostics : DiagnosticsSink {
  void exchanged(const ContextId& call, const Diagnostics& diagnostics) override {
    calls.push_back(call);
    all.push_back(diagnostics);
  }
  std::vector<ContextId> calls;
  std::vector<Diagnostics> all;
};

struct FixedTokens : TokenSource {
  Task<Result<Secret>> token(std::string scope) override {
    scopes.push_back(scope);
    co_return Secret("jwt-1");
  }
  std::vector<std::string> scopes;
};

struct Setup {
  Setup() { client = make(Secret(std::string(key_text))); }
  std::unique_ptr<CallControl> make(std::optional<Secret> key) {
    CallAutomationOptions options{.endpoint = "https://demo.communication.azure.com/",
                                  .access_key = std::move(key)};
    auto made = make_call_automation_client(
        {http, runtime.clock(), random, log, counters, &diagnostics, &tokens}, options);
    REQUIRE(made.has_value());
    return std::move(*made);
  }
  AnswerRequest answer_request() {
    return {.call = {"call-1"},
            .incoming_call_context = Secret("the-context"),
            .callback_uri = "https://rec.example/api/callbacks/call-1?k=1",
            .media_uri = "wss://rec.example/ws/call-1?k=1",
            .operation_context = "call-1",
            .repeatability = {.request_id = "6a1c",
                              .first_sent = *parse_iso8601("2026-03-02T09:14:59Z")}};
  }
  StartRecordingRequest recording_request() {
    return {.call = {"call-1"},
            .server_call_id = {"aHR0/x=="},
            .state_callback_uri = "https://rec.example/api/callbacks?c=call-1&k=1"};
  }
  auto start(StartRecordingRequest request) {
    return runtime.run_for(client->start_recording(std::move(request)));
  }
  json::value sent_body() { return json::parse(http.calls.back().body); }

  net::TestRuntime runtime;
  testing::FakeHttpClient http;
  SeededRandom random{7};
  MemoryLog log;
  Counters counters;
  KeptDiagnostics diagnostics;
  FixedTokens tokens;
  std::unique_ptr<CallControl> client;
};

}  // namespace

TEST_CASE("an answer asks for two-way mixed streaming that starts at once, with tones") {
  Setup setup;
  setup.http.answer(200, std::string(properties_json));

  const auto answered = setup.runtime.run_for(setup.client->answer(setup.answer_request()));

  REQUIRE(answered.has_value());
  CHECK(answered->connection_id.text == "cc-1");
  CHECK(answered->state == RemoteCallState::connecting);
  CHECK(answered->media_streaming_active);
  const auto& call = setup.http.calls.at(0);
  CHECK(call.method == "POST");
  CHECK(call.url ==
        "https://demo.communication.azure.com/calling/callConnections:answer"
        "?api-version=2026-03-12");
  CHECK(call.headers.get("Content-Type") == "application/json");
  CHECK(call.headers.get("Repeatability-Request-ID") == "6a1c");
  CHECK(call.headers.get("Repeatability-First-Sent") == "Mon, 02 Mar 2026 09:14:59 GMT");
  CHECK(setup.sent_body() == json::parse(R"({"incomingCallContext":"the-context",
    "callbackUri":"https://rec.example/api/callbacks/call-1?k=1","operationContext":"call-1",
    "mediaStreamingOptions":{"transportType":"websocket","contentType":"audio",
      "transportUrl":"wss://rec.example/ws/call-1?k=1","audioChannelType":"mixed",
      "startMediaStreaming":true,"enableBidirectional":true,"audioFormat":"pcm24KMono",
      "enableDtmfTones":true}})"));
}

TEST_CASE("an answer at 16 kHz says so, and no other rate is sent") {
  Setup setup;
  setup.http.answer(200, std::string(properties_json));
  auto request = setup.answer_request();
  request.media_sample_rate_hz = 16000;
  REQUIRE(setup.runtime.run_for(setup.client->answer(request)).has_value());
  CHECK(setup.http.calls.back().body.find("\"pcm16KMono\"") != std::string::npos);

  request.media_sample_rate_hz = 48000;
  const auto refused = setup.runtime.run_for(setup.client->answer(request));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::invalid);
  CHECK(setup.http.calls.size() == 1);
}

TEST_CASE("what is sent is what was signed") {
  Setup setup;
  setup.http.answer(204, "");
  REQUIRE(setup.runtime.run_for(setup.client->stop_recording({"call-1"}, {"a=b/c"})).has_value());

  const auto& call = setup.http.calls.at(0);
  CHECK(call.method == "DELETE");
  CHECK(call.url ==
        "https://demo.communication.azure.com/calling/recordings/a%3Db%2Fc"
        "?api-version=2026-03-12");
  CHECK(call.headers.get("Content-Type").empty());
  const auto key = base64::decode(key_text);
  const auto expected =
      sign_request(*key, {.method = "DELETE",
                          .host = "demo.communication.azure.com",
                          .target = "/calling/recordings/a%3Db%2Fc?api-version=2026-03-12",
                          .body = "",
                          .now = *parse_http_date(call.headers.get("x-ms-date"))});
  CHECK(call.headers.get("Authorization") == expected.authorization);
  CHECK(call.headers.get("x-ms-content-sha256") == expected.content_sha256);
}

TEST_CASE("each operation has its method, path and body") {
  Setup setup;
  setup.http.otherwise = [](const net::HttpCall&) -> Result<net::HttpReply> {
    net::HttpReply reply;
    reply.status = 202;
    return reply;
  };
  const auto sent = [&](Task<Result<void>> operation) {
    REQUIRE(setup.runtime.run_for(std::move(operation)).has_value());
    const auto& call = setup.http.calls.back();
    const auto path = call.url.substr(std::string("https://demo.communication.azure.com").size());
    return call.method + " " + path.substr(0, path.find('?')) + " " + call.body;
  };
  auto& client = *setup.client;

  CHECK(sent(client.hang_up({"c"}, {"cc"})) == "DELETE /calling/callConnections/cc ");
  CHECK(sent(client.pause_recording({"c"}, {"R"})) == "POST /calling/recordings/R:pause ");
  CHECK(sent(client.resume_recording({"c"}, {"R"})) == "POST /calling/recordings/R:resume ");
  CHECK(sent(client.start_media_streaming({"c"}, {"cc"})) ==
        "POST /calling/callConnections/cc:startMediaStreaming {}");
  CHECK(sent(client.stop_media_streaming({"c"}, {"cc"})) ==
        "POST /calling/callConnections/cc:stopMediaStreaming {}");
  CHECK(
      sent(client.reject({"c"}, Secret("ctx"), {})) ==
      R"(POST /calling/callConnections:reject {"incomingCallContext":"ctx","callRejectReason":"busy"})");
  CHECK_FALSE(setup.http.calls.back().headers.get("Repeatability-Request-ID").empty());
}

TEST_CASE("a recording into the customer's container names it, as mixed wav") {
  Setup setup;
  setup.http.answer(202, R"({"recordingId":"RID","recordingState":"active"})");
  auto request = setup.recording_request();
  request.container_url = "https://acct.blob.core.windows.net/recordings";

  const auto started = setup.start(request);

  REQUIRE(started.has_value());
  CHECK(started->id.text == "RID");
  CHECK(started->active);
  CHECK(setup.sent_body() == json::parse(R"({
    "callLocator":{"kind":"serverCallLocator","serverCallId":"aHR0/x=="},
    "recordingStateCallbackUri":"https://rec.example/api/callbacks?c=call-1&k=1",
    "recordingContentType":"audio","recordingChannelType":"mixed","recordingFormatType":"wav",
    "externalStorage":{"recordingStorageKind":"azureBlobStorage",
      "recordingDestinationContainerUrl":"https://acct.blob.core.windows.net/recordings"}})"));
  CHECK(setup.log.contains("Recording start diagnostic headers"));
}

TEST_CASE("an unmixed recording pins the caller to channel 0") {
  Setup setup;
  setup.http.answer(200, R"({"recordingId":"RID","recordingState":"inactive"})");
  auto request = setup.recording_request();
  request.channels = RecordingChannels::unmixed;
  request.caller_raw_id = "4:+15550123";
  request.pause_on_start = true;

  const auto started = setup.start(request);

  REQUIRE(started.has_value());
  CHECK_FALSE(started->active);
  const auto body = setup.sent_body();
  const auto caller = json::parse(
      R"({"kind":"phoneNumber","rawId":"4:+15550123","phoneNumber":{"value":"+15550123","isAnonymous":false}})");
  CHECK(body.at("audioChannelParticipantOrdering") == json::value(json::array{caller}));
  CHECK(body.at("channelAffinity").at(0).at("channel") == json::value(0));
  CHECK(body.at("channelAffinity").at(0).at("participant") == caller);
  CHECK(body.at("pauseOnStart") == json::value(true));
}

TEST_CASE("an unmixed mp3 recording is refused here, and so is one without a call") {
  Setup setup;
  auto request = setup.recording_request();
  request.channels = RecordingChannels::unmixed;
  request.format = RecordingFormat::mp3;
  CHECK(setup.start(request).error().kind == ErrorKind::invalid);

  request = setup.recording_request();
  request.server_call_id = {};
  CHECK(setup.start(request).error().kind == ErrorKind::invalid);
  CHECK(setup.runtime.run_for(setup.client->stop_recording({"c"}, {})).error().kind ==
        ErrorKind::invalid);
  CHECK(setup.http.calls.empty());
}

TEST_CASE("answers of ACS are told apart by status and by code") {
  Setup setup;
  const auto failure = [&](int status, std::string body) {
    setup.http.answer(status, std::move(body));
    auto started = setup.start(setup.recording_request());
    REQUIRE_FALSE(started.has_value());
    return started.error();
  };
  const auto kind = [&](int status, std::string code) {
    return failure(status, R"({"error":{"code":)" + code + R"(,"message":"m"}})").kind;
  };

  CHECK(kind(401, "\"7509\"") == ErrorKind::refused);
  CHECK(kind(403, "\"7504\"") == ErrorKind::refused);
  CHECK(kind(404, "\"8522\"") == ErrorKind::not_found);
  CHECK(kind(409, "\"8519\"") == ErrorKind::conflict);
  CHECK(kind(400, "\"8501\"") == ErrorKind::conflict);
  CHECK(kind(400, "\"8553\"") == ErrorKind::conflict);
  CHECK(kind(400, "8559") == ErrorKind::conflict);
  CHECK(kind(400, "\"8528\"") == ErrorKind::not_found);
  CHECK(kind(400, "\"8523\"") == ErrorKind::invalid);
  CHECK(kind(302, "null") == ErrorKind::invalid);
  CHECK(failure(404, R"({"error":{"code":"8522","message":"Recording not found."}})").code ==
        "8522");
  CHECK(failure(405, R"({"message":"no DELETE"})").message ==
        "start recording: ACS answered 405: no DELETE");
  CHECK(failure(400, "<html>").status == 400);
}

TEST_CASE("a quoted context never gets into an error message") {
  Setup setup;
  const std::string context(2000, 'x');
  setup.http.answer(400,
                    R"({"error":{"code":"8523","message":"bad value )" + context + R"( here"}})");

  const auto answered = setup.runtime.run_for(setup.client->answer(setup.answer_request()));

  CHECK(answered.error().message == "answer: ACS answered 400/8523: bad value ... here");
}

TEST_CASE("a quoted phone number never gets into an error message") {
  Setup setup;
  setup.http.answer(
      400, R"({"error":{"code":"8523","message":"Participant '4:+15550100123' of +1 is busy"}})");

  const auto answered = setup.runtime.run_for(setup.client->answer(setup.answer_request()));

  CHECK(answered.error().message == "answer: ACS answered 400/8523: Participant ... of +1 is busy");
}

TEST_CASE("a reply that makes no sense is called corrupt and says why") {
  Setup setup;
  for (const std::string body : {"", "<html>", "[]", R"({"recordingState":"active"})"}) {
    setup.http.answer(200, body);
    const auto started = setup.start(setup.recording_request());
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().kind == ErrorKind::corrupt);
    CHECK(started.error().message.find("ACS recording state") != std::string::npos);
  }
}

TEST_CASE("what failed for the moment is sent again as the same request, signed anew") {
  Setup setup;
  setup.http.answer(500, R"({"error":{"code":"9999","message":"Unknown internal server error."}})");
  setup.http.answer_nothing();
  setup.http.answer(408, "");
  setup.http.answer(200, R"({"recordingId":"RID","recordingState":"active"})");
  setup.runtime.clock().set_wall(*parse_iso8601("2026-03-02T09:15:29.700Z"));

  const auto before = setup.runtime.clock().steady_now();
  REQUIRE(setup.start(setup.recording_request()).has_value());

  REQUIRE(setup.http.calls.size() == 4);
  std::set<std::string> request_ids, first_sent, client_ids, dates;
  for (const auto& call : setup.http.calls) {
    request_ids.emplace(call.headers.get("Repeatability-Request-ID"));
    first_sent.emplace(call.headers.get("Repeatability-First-Sent"));
    client_ids.emplace(call.headers.get("x-ms-client-request-id"));
    dates.emplace(call.headers.get("x-ms-date"));
  }
  CHECK(request_ids.size() == 1);
  CHECK_FALSE(request_ids.begin()->empty());
  CHECK(first_sent.size() == 1);
  CHECK(client_ids.size() == 1);
  CHECK(dates.size() > 1);
  const auto took = setup.runtime.clock().steady_now() - before;
  CHECK(took > 1s);
  CHECK(took < 6s);
}

TEST_CASE("what can never work is sent once") {
  Setup setup;
  for (const int status : {400, 401, 403, 404, 409, 501, 505}) {
    setup.http.calls.clear();
    setup.http.answer(status, "");
    CHECK_FALSE(setup.start(setup.recording_request()).has_value());
    CHECK(setup.http.calls.size() == 1);
  }
}

TEST_CASE("a throttled request waits as long as it is told to") {
  Setup setup;
  setup.http.answer(429, "", {{"retry-after", "7"}});
  setup.http.answer(204, "");
  const auto before = setup.runtime.clock().steady_now();

  REQUIRE(setup.runtime.run_for(setup.client->hang_up({"c"}, {"cc"})).has_value());

  CHECK(setup.runtime.clock().steady_now() - before == 7s);
}

TEST_CASE("a throttled request without a time to wait waits longer than after a fault") {
  Setup setup;
  setup.http.answer(429, "");
  setup.http.answer(204, "");
  const auto before = setup.runtime.clock().steady_now();

  REQUIRE(setup.runtime.run_for(setup.client->hang_up({"c"}, {"cc"})).has_value());

  CHECK(setup.runtime.clock().steady_now() - before >= 1s);
}

TEST_CASE("when the wait is longer than there is time the caller is told it") {
  Setup setup;
  setup.http.answer(429, "", {{"Retry-After", "120"}});

  const auto hung_up = setup.runtime.run_for(setup.client->hang_up({"c"}, {"cc"}));

  REQUIRE_FALSE(hung_up.has_value());
  CHECK(hung_up.error().kind == ErrorKind::unavailable);
  CHECK(hung_up.error().retry_after_ms == 120'000);
  CHECK(setup.http.calls.size() == 1);
}

TEST_CASE("an ACS that is gone is given up after a bounded number of attempts") {
  Setup setup;

  const auto got = setup.runtime.run_for(setup.client->get_call({"c"}, {"cc"}));

  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().kind == ErrorKind::unavailable);
  CHECK(setup.http.calls.size() == 4);
}

TEST_CASE("every exchange is told to the diagnostics, whatever the case of its headers") {
  Setup setup;
  setup.http.answer_nothing();
  setup.http.answer(404, "",
                    {{"X-MS-CLIENT-REQUEST-ID", "echoed"},
                     {"x-microsoft-skype-chain-id", "chain"},
                     {"ms-cv", "cv"},
                     {"date", "Mon, 02 Mar 2026 09:15:30 GMT"}});

  CHECK_FALSE(setup.runtime.run_for(setup.client->get_recording({"call-1"}, {"R"})).has_value());

  REQUIRE(setup.diagnostics.all.size() == 2);
  CHECK(setup.diagnostics.calls[0].text == "call-1");
  CHECK(setup.diagnostics.all[0].status == 0);
  CHECK_FALSE(setup.diagnostics.all[0].client_request_id.empty());
  const auto& second = setup.diagnostics.all[1];
  CHECK(second.operation == "get recording");
  CHECK(second.status == 404);
  CHECK(second.client_request_id == "echoed");
  CHECK(second.chain_id == "chain");
  CHECK(second.ms_cv == "cv");
  CHECK(second.date == "Mon, 02 Mar 2026 09:15:30 GMT");
}

TEST_CASE("without an access key the request carries an Entra ID token of ACS's scope") {
  Setup setup;
  const auto client = setup.make(std::nullopt);
  setup.http.answer(204, "");

  REQUIRE(setup.runtime.run_for(client->hang_up({"c"}, {"cc"})).has_value());

  CHECK(setup.http.calls.at(0).headers.get("Authorization") == "Bearer jwt-1");
  CHECK(setup.http.calls.at(0).headers.get("x-ms-content-sha256").empty());
  CHECK(setup.tokens.scopes.at(0) == "https://communication.azure.com//.default");
}

TEST_CASE("a client that could not authenticate is not made") {
  Setup setup;
  CallAutomationServices services{setup.http, setup.runtime.clock(), setup.random, setup.log,
                                  setup.counters};

  CHECK_FALSE(make_call_automation_client(services, {.endpoint = "https://x"}).has_value());
  CHECK_FALSE(make_call_automation_client(
                  services, {.endpoint = "https://x", .access_key = Secret("not base64!")})
                  .has_value());
}

}  // namespace earshot::acs
