// Two ACS resources, one service: each call is answered, recorded, fetched and judged with the
// resource that it came in on, and what belongs to one resource opens nothing of the other's.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

constexpr unsigned tones = 6;

CallPlan plan_of(const std::string& to, unsigned first_tone) {
  CallPlan plan;
  plan.to = to;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, first_tone, tones));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 90s;
  return plan;
}

WorldOptions two_regions(std::map<std::string, std::string> environment = {}) {
  return {.acs = {.chunk_length = 5s},
          .voice_live = {},
          .second = AcsOptions{.chunk_length = 5s},
          .environment = std::move(environment)};
}

boost::json::object call_of(World& world, const CallReport& report) {
  const auto listed = world.api("/api/v1/calls").json();
  for (const auto& call : listed.at("calls").as_array())
    if (World::text(call.as_object(), "correlationId") == report.correlation_id)
      return call.as_object();
  FAIL("the service does not know the call");
  return {};
}

std::string verdict_of(World& world, const CallReport& report) {
  const std::string path =
      "/api/v1/calls/" + World::text(call_of(world, report), "contextId") + "/verdict?number=1";
  world.wait_until([&] { return world.api(path).status == 200; }, 30min);
  return World::text(world.api(path).json().as_object(), "kind");
}

void check_call(World& world, const CallReport& report, const std::string& label,
                unsigned first_tone) {
  CAPTURE(label);
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.callbacks_refused == 0);
  CHECK(report.sockets_refused == 0);
  CHECK(World::text(call_of(world, report), "resource") == label);
  CHECK(verdict_of(world, report) == "complete");
  REQUIRE(report.recordings.size() == 1);
  const Reply audio = world.recording_audio(report.recordings[0].recording_id);
  REQUIRE(audio.status == 200);
  const StoredSound sound = read_wav(audio.body);
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(heard.size() == tones);
  for (unsigned i = 0; i < tones; ++i) CHECK(heard[i].number == first_tone + i);
}

bool was_logged(const World& world, const std::string& a, const std::string& b) {
  return std::ranges::any_of(world.log.lines(), [&](const auto& line) {
    return line.find(a) != std::string::npos && line.find(b) != std::string::npos;
  });
}

Reply post_callback(World& world, const std::string& url, const std::string& token) {
  net::HttpCall call{
      .method = "POST",
      .url = url,
      .body = R"([{"id":"x","type":"Microsoft.Communication.CallDisconnected","data":{}}])"};
  call.headers.set("Content-Type", "application/json");
  call.headers.set("Authorization", "Bearer " + token);
  return world.request(std::move(call));
}

}  // namespace

TEST_CASE("two calls to two numbers are each recorded and judged on their own resource") {
  World world(two_regions());
  const auto weu = world.place(plan_of("+15550199", 0), *world.acs);
  const auto jpe = world.place(plan_of("+15550299", 100), *world.second);
  const CallReport in_weu = world.finish(weu);
  const CallReport in_jpe = world.finish(jpe);
  world.wait_until_all_found(2);

  check_call(world, in_weu, "weu", 0);
  check_call(world, in_jpe, "jpe", 100);
  const auto report = world.api("/api/v1/reports/regions").json();
  const auto& regions = report.at("regions").as_array();
  REQUIRE(regions.size() == 2);
  CHECK(World::text(regions[0].as_object(), "label") == "jpe");
  CHECK(regions[0].at("connected").as_int64() == 1);
  CHECK(regions[0].at("startDelayMs").at("notEnoughCalls").as_bool());
}

TEST_CASE("files that ACS keeps are fetched with the key of the resource they are of") {
  World world(two_regions({{"RECORDING_USE_BYOS", "false"}}));
  const auto weu = world.place(plan_of("+15550199", 0), *world.acs);
  const auto jpe = world.place(plan_of("+15550299", 100), *world.second);
  const CallReport in_weu = world.finish(weu);
  const CallReport in_jpe = world.finish(jpe);
  world.wait_until_all_found(2);

  check_call(world, in_weu, "weu", 0);
  check_call(world, in_jpe, "jpe", 100);
}

TEST_CASE("the token of one resource does not open the callbacks of a call on the other") {
  World world(two_regions());
  const auto placed = world.place(plan_of("+15550299", 100), *world.second);
  world.runtime.advance(4s);
  REQUIRE(world.second->book().calls().size() == 1);
  const std::string url = world.second->book().calls().begin()->second->callback_uri();

  CHECK(post_callback(world, url, world.acs->identity().callback_token()).status == 401);
  CHECK(was_logged(world, "webhook refused", "another resource"));
  CHECK(world.finish(placed).outcome == CallOutcome::completed);
}

TEST_CASE("a call on a resource that is not configured rings on, and somebody is told") {
  auto options = two_regions();
  options.second_id =
      "/subscriptions/x/resourceGroups/rg/providers/Microsoft.Communication/CommunicationServices/"
      "another";
  World world(std::move(options));

  const CallReport report = world.finish(world.place(plan_of("+15550299", 100), *world.second));

  CHECK(report.outcome == CallOutcome::not_answered);
  CHECK(World::text(world.newest_call(), "resource") == "?simulator-jpe");
  CHECK(was_logged(world, "alert:", "resource_unknown"));
}

TEST_CASE("a restart in the middle of a call goes on with the call's own resource") {
  World world(two_regions());
  const auto placed = world.place(plan_of("+15550299", 100), *world.second);
  world.runtime.advance(3s);

  world.stop_service();
  world.start_service();

  const CallReport report = world.finish(placed);
  CHECK(report.outcome == CallOutcome::completed);
  CHECK(World::text(call_of(world, report), "resource") == "jpe");
  CHECK(report.recordings.size() >= 1);
}
