// A call that another application of the same resource redirects to a number of ours rings again,
// as the same call: it is answered and recorded once, under the number that it came to.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

constexpr const char* menu = "+15550199";   // another application's
constexpr const char* agent = "+15550299";  // answered by the service

// As the application behind the menu does it; the simulator takes any bearer token.
int redirect(World& world, const std::string& to) {
  REQUIRE(world.acs->book().calls().size() == 1);
  const auto& call = *world.acs->book().calls().begin()->second;
  net::HttpCall request{
      .method = "POST",
      .url = world.acs->base_url() + "/calling/callConnections:redirect?api-version=2026-03-12",
      .body = fmt::format(
          R"({{"incomingCallContext":"{}","target":{{"kind":"phoneNumber","rawId":"4:{}",)"
          R"("phoneNumber":{{"value":"{}"}}}}}})",
          call.incoming_call_context(), to, to)};
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Authorization", "Bearer the-menu");
  return world.request(std::move(request)).status;
}

}  // namespace

TEST_CASE("a redirected call is left to ring at the first number and answered once at the second") {
  WorldOptions options;
  options.acs.numbers = {menu, agent};
  options.environment = {{"NUMBERS_ANSWERED", agent}};
  World world(std::move(options));
  CallPlan plan;
  plan.to = menu;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 6));
  plan.hang_up_after_quiet = 3s;
  const auto placed = world.place(std::move(plan));
  world.runtime.advance(4s);
  CHECK(world.acs->book().calls().begin()->second->phase() == simulator::CallPhase::ringing);

  CHECK(redirect(world, agent) == 204);
  const CallReport report = world.finish(placed);

  CHECK(report.outcome == CallOutcome::completed);
  CHECK(report.callbacks_refused == 0);
  REQUIRE(report.recordings.size() == 1);
  const auto body = world.api("/api/v1/calls").json();
  const auto& calls = body.at("calls").as_array();
  REQUIRE(calls.size() == 2);
  for (const auto& call : calls)
    CHECK(World::text(call.as_object(), "correlationId") == report.correlation_id);
  const auto& answered = calls[0].as_object();
  CHECK(World::text(answered, "callConnectionId") == report.connection_id);
  CHECK(World::text(calls[1].as_object(), "callConnectionId").empty());
  world.wait_until_found();
  const auto verdict = world.verdict();
  CAPTURE(boost::json::serialize(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
  const StoredSound sound = read_wav(world.recording_audio().body);
  CHECK(decode_tones(sound.samples, sound.rate_hz, Party::caller).size() == 6);
}

TEST_CASE("a call that is redirected to somebody else is over for this resource") {
  WorldOptions options;
  options.acs.numbers = {menu};
  options.environment = {{"NUMBERS_ANSWERED", agent}};
  World world(std::move(options));
  CallPlan plan;
  plan.to = menu;
  const auto placed = world.place(std::move(plan));
  world.runtime.advance(2s);

  CHECK(redirect(world, agent) == 204);

  CHECK(world.finish(placed).outcome == CallOutcome::redirected);
  CHECK(world.api("/api/v1/calls").json().at("calls").as_array().size() == 1);
  CHECK(world.recordings().empty());
}
