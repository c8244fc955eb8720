#include "net/url.hpp"
#include "simulator/testing/scripted_application.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::simulator;
using earshot::simulator::testing::Bench;
using earshot::simulator::testing::Reply;
using earshot::simulator::testing::ScriptedApplication;

namespace {

namespace json = boost::json;

constexpr const char* version = "?api-version=2026-03-12";

// Asks during a call, once its recording is active.
struct DuringCall {
  using Ask = Task<void> (*)(ScriptedApplication&, std::vector<Reply>&);

  static Task<void> place(Bench& bench, CallPlan plan, CallReport& report) {
    report = co_await bench.acs->place_call(std::move(plan));
  }
  static Task<void> ask(Bench& bench, Ask what, std::vector<Reply>& replies) {
    while (bench.app->recording_id.empty()) co_await bench.runtime.clock().sleep_for(100ms);
    co_await bench.runtime.clock().sleep_for(1s);
    co_await what(*bench.app, replies);
  }
};

struct Asked {
  std::vector<Reply> replies;
  CallReport report;
};

Asked ask_during_call(Bench& bench, DuringCall::Ask what) {
  Asked asked;
  CallPlan plan;
  plan.hang_up_at = 10s;
  TaskGroup tasks(bench.runtime.executor(), bench.runtime.clock(), bench.log, "test");
  tasks.spawn(DuringCall::place(bench, plan, asked.report));
  tasks.spawn(DuringCall::ask(bench, what, asked.replies));
  bench.runtime.run(tasks.join());
  return asked;
}

std::string code_of(const Reply& reply) {
  return std::string(reply.json().at("error").at("code").as_string());
}

}  // namespace

TEST_CASE("recordings are paused, resumed and stopped with the service's own codes") {
  Bench bench;
  const Asked asked = ask_during_call(
      bench, [](ScriptedApplication& app, std::vector<Reply>& replies) -> Task<void> {
        const std::string at = "/calling/recordings/" + net::percent_encode(app.recording_id);
        replies.push_back(co_await app.request("GET", at + version));
        replies.push_back(co_await app.request("POST", at + ":pause" + version));
        replies.push_back(co_await app.request("GET", at + version));
        replies.push_back(co_await app.request("POST", at + ":resume" + version));
        replies.push_back(co_await app.request("DELETE", at + version));
        replies.push_back(co_await app.request("GET", at + version));
        replies.push_back(co_await app.request("DELETE", at + version));
      });
  REQUIRE(asked.replies.size() == 7);
  CHECK(asked.replies[0].status == 200);
  CHECK(asked.replies[0].json().at("recordingState").as_string() == "active");
  CHECK(asked.replies[1].status == 202);
  CHECK(asked.replies[2].json().at("recordingState").as_string() == "inactive");
  CHECK(asked.replies[3].status == 202);
  CHECK(asked.replies[4].status == 204);
  CHECK(asked.replies[5].status == 404);
  CHECK(code_of(asked.replies[5]) == "8522");
  CHECK(asked.replies[6].status == 404);
  CHECK(asked.replies[6].json().at("error").at("message").as_string() == "Recording not found.");
  REQUIRE(asked.report.recordings.size() == 1);
}

TEST_CASE("a slow stop is accepted at once, and the recording goes on until it has stopped") {
  Bench bench({.faults = {*parse_fault("recording.stop:delay=3s")}});
  const Asked asked = ask_during_call(
      bench, [](ScriptedApplication& app, std::vector<Reply>& replies) -> Task<void> {
        const std::string at = "/calling/recordings/" + net::percent_encode(app.recording_id);
        replies.push_back(co_await app.request("DELETE", at + version));
        replies.push_back(co_await app.request("GET", at + version));
        replies.push_back(co_await app.request("DELETE", at + version));
        replies.push_back(
            co_await app.request("POST", "/calling/recordings" + std::string(version),
                                 R"({"callConnectionId":")" + app.connection_id + R"("})"));
      });
  REQUIRE(asked.replies.size() == 4);
  CHECK(asked.replies[0].status == 204);
  CHECK(asked.replies[1].json().at("recordingState").as_string() == "active");
  CHECK(asked.replies[2].status == 204);
  CHECK(code_of(asked.replies[3]) == "8553");
  REQUIRE(asked.report.recordings.size() == 1);
  // Some 0.8 s until it was told to stop, and the 3 s that it took.
  CHECK(asked.report.recordings[0].length > 3700ms);
  CHECK(asked.report.recordings[0].length < 4200ms);
  CHECK(std::ranges::count(bench.app->event_types, "RecordingStateChanged") == 2);
}

TEST_CASE("a second recording of a call is refused, by call or by connection id") {
  Bench bench;
  const Asked asked = ask_during_call(
      bench, [](ScriptedApplication& app, std::vector<Reply>& replies) -> Task<void> {
        const std::string at = std::string("/calling/recordings") + version;
        replies.push_back(co_await app.request(
            "POST", at, R"({"callConnectionId":")" + app.connection_id + R"("})"));
        replies.push_back(co_await app.request(
            "POST", at,
            R"({"callLocator":{"kind":"serverCallLocator","serverCallId":"bm8gc3VjaCBjYWxs"}})"));
        replies.push_back(co_await app.request("POST", at, "{}"));
        replies.push_back(co_await app.request("POST", at,
                                               R"({"callConnectionId":")" + app.connection_id +
                                                   R"(","recordingChannelType":"unmixed",)"
                                                   R"("recordingFormatType":"mp3"})"));
      });
  REQUIRE(asked.replies.size() == 4);
  CHECK(asked.replies[0].status == 400);
  CHECK(code_of(asked.replies[0]) == "8553");
  CHECK(asked.replies[1].status == 404);
  CHECK(code_of(asked.replies[1]) == "8522");
  CHECK(asked.replies[2].status == 400);
  CHECK(code_of(asked.replies[3]) == "8557");
}

TEST_CASE("the call, its participants and its media answer with the table's codes") {
  Bench bench;
  const Asked asked = ask_during_call(
      bench, [](ScriptedApplication& app, std::vector<Reply>& replies) -> Task<void> {
        const std::string at = "/calling/callConnections/" + app.connection_id;
        replies.push_back(co_await app.request("GET", at + version));
        replies.push_back(co_await app.request("GET", at + "/participants" + version));
        replies.push_back(
            co_await app.request("GET", at + "/participants/4%3A%2B15550100" + version));
        replies.push_back(co_await app.request("GET", at + "/participants/4:nobody" + version));
        replies.push_back(co_await app.request("POST", at + ":stopMediaStreaming" + version, "{}"));
        replies.push_back(
            co_await app.request("POST", at + ":startMediaStreaming" + version, "{}"));
        replies.push_back(co_await app.request("POST", at + ":play" + version, "{}"));
        replies.push_back(co_await app.request("POST", at + ":terminate" + version));
      });
  REQUIRE(asked.replies.size() == 8);
  const json::value call = asked.replies[0].json();
  CHECK(asked.replies[0].status == 200);
  CHECK(call.at("callConnectionState").as_string() == "connected");
  CHECK(call.at("serverCallId").as_string() == bench.app->server_call_id);
  CHECK(call.at("source").at("rawId").as_string() == "4:+15550100");
  CHECK(call.at("targets").as_array().size() == 1);
  CHECK(asked.replies[1].json().at("value").as_array().size() == 2);
  CHECK(asked.replies[2].json().at("identifier").at("kind").as_string() == "phoneNumber");
  CHECK(asked.replies[3].status == 404);
  CHECK(asked.replies[4].status == 202);
  CHECK(asked.replies[5].status == 202);
  CHECK(asked.replies[6].status == 501);
  CHECK(asked.replies[6].json().at("error").at("message").as_string() ==
        "ACS has play; this simulator has not.");
  CHECK(asked.replies[7].status == 204);
  CHECK(asked.report.end_reason == "the application hung up");
  CHECK(asked.report.sockets_opened == 2);
}

TEST_CASE("an answer asked for again with the same repeatability id is the same answer") {
  Bench bench;
  bench.app->answers = false;
  struct Twice {
    static Task<void> run(Bench& bench, std::vector<Reply>& replies) {
      while (bench.app->incoming.empty()) co_await bench.runtime.clock().sleep_for(100ms);
      const json::value event = json::parse(bench.app->incoming[0].body).as_array().at(0);
      const std::string context(event.at("data").at("incomingCallContext").as_string());
      const std::string body = R"({"incomingCallContext":")" + context +
                               R"(","callbackUri":"http://127.0.0.1:8080/api/callbacks/x"})";
      const std::string at = std::string("/calling/callConnections:answer") + version;
      for (const char* id : {"one", "one", "two"})
        replies.push_back(
            co_await bench.app->request("POST", at, body, {{"Repeatability-Request-ID", id}}));
    }
  };
  std::vector<Reply> replies;
  CallReport report;
  CallPlan plan;
  plan.hang_up_at = 1s;
  TaskGroup tasks(bench.runtime.executor(), bench.runtime.clock(), bench.log, "test");
  tasks.spawn(DuringCall::place(bench, plan, report));
  tasks.spawn(Twice::run(bench, replies));
  bench.runtime.run(tasks.join());

  REQUIRE(replies.size() == 3);
  CHECK(replies[0].status == 200);
  CHECK(replies[0].body == replies[1].body);
  CHECK(replies[1].headers.get("Repeatability-Result") == "accepted");
  CHECK(replies[2].status == 400);
  CHECK(report.outcome == CallOutcome::completed);
}

TEST_CASE("requests without a signature, version or meaning are refused and change nothing") {
  Bench bench;
  const auto ask = [&](std::string method, std::string target, std::string body = "") {
    return bench.runtime.run_for(
        bench.app->request(std::move(method), std::move(target), std::move(body)));
  };
  CHECK(ask("GET", "/calling/callConnections/x").status == 400);
  CHECK(ask("GET", "/calling/callConnections/x?api-version=1999-01-01").status == 400);
  CHECK(ask("GET", std::string("/calling/callConnections/x") + version).status == 404);
  CHECK(ask("DELETE", std::string("/calling/recordings/") + version).status == 405);
  CHECK(ask("POST", std::string("/calling/callConnections:answer") + version, "{").status == 400);
  CHECK(ask("POST", std::string("/calling/callConnections:answer") + version).status == 400);
  CHECK(ask("GET", "/nowhere?api-version=2026-03-12").status == 404);
  net::HttpCall unsigned_call{.url =
                                  "http://127.0.0.1:7071/calling/callConnections/x?api-version="
                                  "2026-03-12"};
  auto reply = bench.runtime.run_for(bench.http->send(std::move(unsigned_call)));
  REQUIRE(reply.has_value());
  CHECK(reply->status == 401);
  CHECK(json::parse(reply->body).at("error").at("code").as_string() == "7501");
}

TEST_CASE("every api-version that the service has had is accepted") {
  for (const char* known : {"2023-03-06", "2025-05-15", "2026-03-12", "2024-09-01-preview"})
    CHECK(is_known_api_version(known));
  CHECK_FALSE(is_known_api_version(""));
  CHECK_FALSE(is_known_api_version("2024-09"));
}

TEST_CASE("throttling names its code, with and without Retry-After") {
  AcsOptions options;
  options.faults = {{.point = "rest.get_call", .times = 1, .status = 429, .retry_after_s = 3},
                    {.point = "rest.get_call", .times = 1, .status = 429}};
  Bench bench(options);
  const std::string at = std::string("/calling/callConnections/x") + version;
  const Reply first = bench.runtime.run_for(bench.app->request("GET", at));
  const Reply second = bench.runtime.run_for(bench.app->request("GET", at));
  const Reply third = bench.runtime.run_for(bench.app->request("GET", at));
  CHECK(first.status == 429);
  CHECK(code_of(first) == "8516");
  CHECK(first.headers.get("Retry-After") == "3");
  CHECK(second.status == 429);
  CHECK_FALSE(second.headers.find("Retry-After").has_value());
  CHECK(third.status == 404);
}

TEST_CASE("a rejected call is over, and a created one talks") {
  AcsOptions options;
  options.outbound_plan.hang_up_at = 3s;
  Bench bench(options);
  const Reply created = bench.runtime.run_for(bench.app->request(
      "POST", std::string("/calling/callConnections") + version,
      R"({"targets":[{"kind":"phoneNumber","phoneNumber":{"value":"+15550123"}}],)"
      R"("sourceCallerIdNumber":{"value":"+15550100"},)"
      R"("callbackUri":"http://127.0.0.1:8080/api/callbacks/out"})"));
  CHECK(created.status == 201);
  CHECK(created.json().at("targets").as_array().at(0).at("rawId").as_string() == "4:+15550123");
  CHECK_FALSE(created.json().as_object().contains("serverCallId"));
  bench.runtime.advance(10s);
  REQUIRE_FALSE(bench.app->event_types.empty());
  CHECK(bench.app->event_types.front() == "CallConnected");
  CHECK(bench.app->event_types.back() == "RecordingStateChanged");
}

TEST_CASE("downloads from the service's storage come with ranges and can be deleted") {
  Bench bench;
  bench.acs->storage().put("0-weu-d3-x", "0123456789", "{}");
  const auto ask = [&](std::string method, std::string path, net::HttpHeaders headers = {}) {
    headers.add("x-ms-host", "127.0.0.1:7071");
    return bench.runtime.run_for(
        bench.app->request(std::move(method), "/v1/objects/0-weu-d3-x" + path, "", headers));
  };
  CHECK(ask("GET", "/content/video").body == "0123456789");
  const Reply part = ask("GET", "/content/video", {{"Range", "bytes=2-4"}});
  CHECK(part.status == 206);
  CHECK(part.body == "234");
  CHECK(part.headers.get("Content-Range") == "bytes 2-4/10");
  CHECK(ask("GET", "/content/video", {{"Range", "bytes=99-"}}).status == 416);
  CHECK(ask("GET", "/content/acsmetadata").body == "{}");
  CHECK(ask("DELETE", "").status == 200);
  CHECK(ask("GET", "/content/video").status == 404);
}

namespace {

std::string redirection(const std::string& context, const std::string& number) {
  return R"({"incomingCallContext":")" + context +
         R"(","target":{"kind":"phoneNumber","rawId":"4:)" + number +
         R"(","phoneNumber":{"value":")" + number + R"("}}})";
}

boost::json::object incoming_data(const ScriptedApplication& app, std::size_t which) {
  return json::parse(app.incoming.at(which).body).as_array().at(0).at("data").as_object();
}

std::string text_of(const json::object& object, const char* name) {
  return std::string(object.at(name).as_string());
}

// Redirects while it rings, and answers it when it rings again.
Task<void> redirect_and_answer(Bench& bench, std::vector<Reply>& replies) {
  ScriptedApplication& app = *bench.app;
  app.answers = false;
  while (app.incoming.empty()) co_await bench.runtime.clock().sleep_for(100ms);
  app.answers = true;
  const std::string at = "/calling/callConnections:redirect" + std::string(version);
  const std::string first = text_of(incoming_data(app, 0), "incomingCallContext");
  replies.push_back(co_await app.request("POST", at, redirection(first, "+15550299")));
  replies.push_back(co_await app.request("POST", at, redirection(first, "+15550299")));
}

Task<void> place(Bench& bench, CallReport& report) {
  CallPlan plan;
  plan.hang_up_at = 2s;
  report = co_await bench.acs->place_call(std::move(plan));
}

}  // namespace

TEST_CASE("a call that is redirected to a number of the resource rings there, as the same call") {
  Bench bench({.numbers = {"+15550199", "+15550299"}});
  std::vector<Reply> replies;
  CallReport report;
  TaskGroup tasks(bench.runtime.executor(), bench.runtime.clock(), bench.log, "test");
  tasks.spawn(place(bench, report));
  tasks.spawn(redirect_and_answer(bench, replies));
  bench.runtime.run(tasks.join());

  REQUIRE(replies.size() == 2);
  CHECK(replies[0].status == 204);
  CHECK(replies[1].status == 404);           // the context of before is none any more
  REQUIRE(bench.app->incoming.size() == 3);  // and the recording's file
  const auto before = incoming_data(*bench.app, 0);
  const auto after = incoming_data(*bench.app, 1);
  CHECK(after.at("to").at("rawId").as_string() == "4:+15550299");
  CHECK(text_of(after, "correlationId") == text_of(before, "correlationId"));
  CHECK(text_of(after, "serverCallId") == text_of(before, "serverCallId"));
  CHECK(text_of(after, "incomingCallContext") != text_of(before, "incomingCallContext"));
  CHECK(report.outcome == CallOutcome::completed);
}
