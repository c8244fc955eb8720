// Broken and misleading bodies that come with everything that opens the door: ACS's token and the
// call's own key.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

struct Body {
  std::string what;
  std::string body;
  int answer;
};

// Each with an id of its own: none is taken for one that came before.
std::string event(std::string_view type, std::string_view data) {
  static int number = 0;
  return fmt::format(
      R"([{{"id":"e-{}","source":"calling/x","type":"Microsoft.Communication.{}","data":{},)"
      R"("time":"2026-03-02T09:00:05+00:00","specversion":"1.0","subject":"calling/x"}}])",
      ++number, type, data);
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

// `own`: the call's own connection; everything else of these bodies is wrong.
std::vector<Body> bodies(const CallIds& own, const std::string& recording) {
  const std::string strange = R"("callConnectionId":"0a1b2c3d-0000-4000-8000-00000000dead",)"
                              R"("serverCallId":"c29tZWJvZHkgZWxzZQ==","correlationId":"nobody")";
  const std::string mine = fmt::format(R"("callConnectionId":"{}")", own.connection_id);
  const auto state = [&](std::string_view id, std::string_view word) {
    return event("RecordingStateChanged",
                 fmt::format(R"({{{},"recordingId":{},"state":{}}})", mine, id, word));
  };
  const std::string quoted = '"' + recording + '"';
  std::vector<Body> all{
      {"empty", "", 400},
      {"torn", event("CallDisconnected", "{" + mine + "}").substr(0, 120), 400},
      {"a number", "42", 400},
      {"a text", R"("CallDisconnected")", 400},
      {"nothing", "null", 400},
      {"no events", "[]", 200},
      {"numbers for events", "[1,2,3]", 400},
      {"a number for a type", R"([{"type":5,"data":{}}])", 400},
      {"no type", R"([{"id":"1","data":{}}])", 400},
      {"binary", std::string("\x00\xff\xfe\x80\x01\x02", 6), 400},
      {"not UTF-8", event("CallDisconnected", "{\"callConnectionId\":\"\xc3\x28\"}"), 400},
      {"two values", "[] []", 400},
      {"too deep", nested(200), 400},
      {"10 MB", std::string(10u << 20, 'x'), 413},
      {"10 MB of JSON", "[" + std::string(10u << 20, ' ') + "]", 413},
      {"an end without data", event("CallDisconnected", "null"), 400},
      {"an end that names no connection", event("CallDisconnected", "{}"), 400},
      {"an end whose connection is no text", event("CallDisconnected", R"({"callConnectionId":7})"),
       400},
      {"another call's end", event("CallDisconnected", "{" + strange + "}"), 200},
      {"another call's failed answer", event("AnswerFailed", "{" + strange + "}"), 200},
      {"another call's failed media", event("MediaStreamingFailed", "{" + strange + "}"), 200},
      {"a ring at this door", event("IncomingCall", R"({"incomingCallContext":"x"})"), 200},
      {"an unknown type", event("CallExploded", "{" + mine + "}"), 200},
      {"a hostile type", event("CallConnected'; DROP TABLE calls;--", "{" + mine + "}"), 200},
      {"a recording without a name", state("\"\"", "\"inactive\""), 400},
      {"a recording whose name is a path", state("\"../../../etc/passwd\"", "\"active\""), 400},
      {"a recording whose name is SQL", state("\"x'; DROP TABLE recordings;--\"", "\"active\""),
       400},
      {"a recording whose name is too long",
       state('"' + std::string(5000, 'A') + '"', "\"active\""), 400},
      {"a state that is no word of ours", state(quoted, "\"exploded\""), 200},
      {"a state that is a number", state(quoted, "0"), 200},
      {"a failed start of a recording that runs",
       event("StartRecordingFailed",
             fmt::format(R"({{{},"recordingId":{},"resultInformation":{{"code":500}}}})", mine,
                         quoted)),
       200},
      {"absurd numbers",
       event(
           "MediaStreamingStopped",
           fmt::format(R"({{{},"resultInformation":{{"code":1e400,"subCode":-99999999999999999}},)"
                       R"("mediaStreamingUpdate":[]}})",
                       mine)),
       200},
  };
  std::string many = "[";
  for (int i = 0; i < 5000; ++i) many += R"({"type":"x"},)";
  all.push_back({"too many events", many + "{}]", 400});
  return all;
}

CallPlan one_turn_at(Duration at) {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::at_time, at, 0, 4));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 2min;
  return plan;
}

Reply post(World& world, const std::string& url, const std::string& body) {
  net::HttpCall call{.method = "POST", .url = url, .body = body};
  call.headers.set("Authorization", "Bearer " + world.acs->identity().callback_token());
  call.headers.set("Content-Type", "application/json");
  return world.request(std::move(call));
}

}  // namespace

TEST_CASE("a broken body behind the right token and key gets a clear answer and changes nothing") {
  World world;
  const auto placed = world.place(one_turn_at(20s));
  world.runtime.advance(8s);
  REQUIRE(world.acs->book().calls().size() == 1);
  const auto call = world.acs->book().calls().begin()->second;
  const std::string recording = World::text(world.recordings().at(0).as_object(), "recordingId");
  const std::vector<std::string> doors{
      call->callback_uri(),
      world.acs->book().recording(recording).session->request().state_callback_uri};
  for (const auto& door : doors) {
    CAPTURE(door);
    for (const auto& one : bodies(call->ids(), recording)) {
      CAPTURE(one.what);
      const Reply reply = post(world, door, one.body);
      CHECK(reply.status == one.answer);
      if (reply.status != 400) continue;
      // What was wrong is said.
      boost::system::error_code error;
      const auto said = boost::json::parse(reply.body, error);
      REQUIRE_FALSE(error);
      CHECK(said.as_object().contains("error"));
    }
  }
  world.runtime.run_ready();
  const auto shown = world.newest_call();
  CHECK(World::text(shown, "state") == "connected");
  CHECK(World::text(shown, "recordingState") == "active");
  CHECK(World::text(shown, "callConnectionId") == call->ids().connection_id);
  CHECK(World::text(shown, "serverCallId") == call->ids().server_call_id);

  const CallReport report = world.finish(placed);
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.end_reason == "the caller hung up");
  CHECK(report.sockets_opened == 1);
  CHECK(report.callbacks_refused == 0);
  world.wait_until_found();
  CHECK(world.api("/api/v1/calls").json().at("calls").as_array().size() == 1);
  CHECK(world.recordings().size() == 1);
  CHECK(report.recordings.size() == 1);
  CHECK(world.turns().size() == 4);
  const StoredSound sound = read_wav(world.recording_audio().body);
  CHECK(decode_tones(sound.samples, sound.rate_hz, Party::caller).size() == 4);
  CHECK(decode_tones(sound.samples, sound.rate_hz, Party::assistant).size() == 12);
}
