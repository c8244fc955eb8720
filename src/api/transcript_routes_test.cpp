#include "api/transcript_routes.hpp"

#include "net/testing/test_runtime.hpp"
#include "store/memory_store.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::api;

namespace {

constexpr const char* key = "0123456789abcdef0123";
constexpr const char* call_id = "5f1e0c00-1111-4222-8333-444455556666";

struct World {
  World() {
    routes.add_routes(router, [](net::HttpHandler handler) { return handler; });
    Changes changes;
    Call call;
    call.id = {call_id};
    call.phase = CallPhase::ended;
    call.received_at = *parse_iso8601("2026-03-02T09:15:30Z");
    call.connected_at = call.received_at + 2s;
    changes.calls.push_back(call);
    Turn turn{.call = call.id, .item_id = "i1", .session_id = "s1"};
    turn.start = 1s;
    turn.end = 2s;
    turn.text = "my secret word";
    changes.turns.push_back(turn);
    REQUIRE(runtime.run_for(store.commit(std::move(changes))).has_value());
  }
  net::HttpResponse ask(std::string target, net::HttpHeaders headers = {}, bool with_key = true) {
    net::HttpRequest request{.method = "GET", .target = target};
    request.path = target.substr(0, target.find('?'));
    request.headers = std::move(headers);
    if (with_key) request.headers.set("Authorization", std::string("Bearer ") + key);
    const auto match = router.match(request.method, request.path, false);
    REQUIRE(match.handler != nullptr);
    request.path_parameters = match.parameters;
    return runtime.run_for((*match.handler)(std::move(request)));
  }
  net::HttpResponse transcript(const std::string& query, net::HttpHeaders headers = {}) {
    return ask(std::string("/api/v1/calls/") + call_id + "/transcript" + query, std::move(headers));
  }

  net::TestRuntime runtime;
  SeededRandom random{1};
  store::MemoryStore store{random};
  Counters counters;
  MemoryLog log;
  TranscriptRoutes routes{{store, store, counters, log}, Secret(key)};
  net::Router router;
};

}  // namespace

TEST_CASE("a transcript is shut without the key") {
  World world;
  CHECK(world.ask("/api/v1/calls/x/transcript", {}, false).status == 401);
}

TEST_CASE("a transcript comes in the form that is asked for, by name or by Accept") {
  World world;
  const auto json = world.transcript("");
  CHECK(json.status == 200);
  CHECK(json.headers.get("Content-Type") == "application/json");
  const auto shown = boost::json::parse(json.body).as_object();
  CHECK(shown.at("source") == "call");
  CHECK(shown.at("placedBy") == "call_clock");
  CHECK(shown.at("turns").at(0).at("text") == "my secret word");
  CHECK(world.transcript("?format=vtt").body.starts_with("WEBVTT\n"));
  CHECK(
      world.transcript("", {{"Accept", "text/plain, Text/VTT;q=0.9"}}).body.starts_with("WEBVTT"));
  CHECK(
      world.transcript("", {{"Accept", "application/x-subrip"}}).body.starts_with("1\n00:00:01,"));
  CHECK(world.transcript("", {{"Accept", "*/*"}}).headers.get("Content-Type") ==
        "application/json");
  CHECK(world.transcript("?format=json", {{"Accept", "text/vtt"}}).body.starts_with("{"));
}

TEST_CASE("what cannot be had is said with its reason") {
  World world;
  CHECK(world.transcript("?source=phone").status == 400);
  CHECK(world.transcript("?format=doc").status == 400);
  CHECK(world.transcript("?source=repaired").status == 409);
  CHECK(world.transcript("?source=acs").status == 404);
  CHECK(world.transcript("?source=tap").status == 200);
  CHECK(world.ask("/api/v1/calls/other/transcript").status == 404);
}

TEST_CASE("reading a transcript is logged, and what was said is not") {
  World world;
  CHECK(world.transcript("?format=srt").status == 200);
  CHECK(world.log.contains("transcript read"));
  CHECK_FALSE(world.log.contains("secret"));
}

TEST_CASE("a search shows the call and a snippet, and its text is logged nowhere") {
  World world;
  const auto found = world.ask("/api/v1/transcripts/search?q=%20SECRET%20word");
  CHECK(found.status == 200);
  const auto shown = boost::json::parse(found.body).as_object();
  REQUIRE(shown.at("hits").as_array().size() == 1);
  const auto& hit = shown.at("hits").at(0).as_object();
  CHECK(hit.at("contextId").as_string() == call_id);
  CHECK(hit.at("snippet") == "my secret word");
  CHECK(hit.at("matchFromByte") == 3);
  CHECK(hit.at("startSeconds") == 1.0);
  CHECK(shown.at("next").is_null());
  CHECK(world.log.contains("transcripts searched"));
  CHECK_FALSE(world.log.contains("SECRET"));
  CHECK_FALSE(world.log.contains("secret"));
}

TEST_CASE("a search that cannot be made is refused with its reason") {
  World world;
  CHECK(world.ask("/api/v1/transcripts/search?q=word", {}, false).status == 401);
  for (const char* query : {"", "?q=", "?q=%20", "?q=x&limit=0", "?q=x&limit=201", "?q=x&from=now",
                            "?q=x&cursor=%21"}) {
    CAPTURE(query);
    CHECK(world.ask(std::string("/api/v1/transcripts/search") + query).status == 400);
  }
}
