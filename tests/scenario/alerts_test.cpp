// Alerts as webhooks, from what went wrong on a call to what a receiver got.
#include "net/http_server.hpp"
#include "net/router.hpp"
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

CallPlan one_turn() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 6));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 90s;
  return plan;
}

// Whoever is on call: answers what a test says, 204 otherwise.
struct Receiver {
  explicit Receiver(World& world) : world_(world) {
    router_.add("POST", "/hook",
                [this](net::HttpRequest request) { return take(std::move(request)); });
    auto made = net::start_http_server(world.network, world.runtime.executor(),
                                       world.runtime.clock(), world.log, counters_, router_,
                                       {.address = "127.0.0.1", .port = port});
    REQUIRE(made.has_value());
    server_ = std::move(*made);
  }
  ~Receiver() { world_.runtime.run(server_->stop(world_.runtime.clock().steady_now())); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  std::vector<boost::json::object> of_kind(const std::string& kind) const {
    std::vector<boost::json::object> found;
    for (const auto& request : taken) {
      auto event = boost::json::parse(request.body).as_object();
      if (World::text(event, "type") == "earshot.alert." + kind) found.push_back(std::move(event));
    }
    return found;
  }

  static constexpr std::uint16_t port = 9998;
  int status = 204;
  std::vector<net::HttpRequest> taken;

 private:
  Task<net::HttpResponse> take(net::HttpRequest request) {
    taken.push_back(std::move(request));
    co_return net::HttpResponse{.status = status};
  }

  World& world_;
  Counters counters_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
};

WorldOptions with_webhook(AcsOptions acs = {}) {
  return {.acs = std::move(acs),
          .voice_live = {},
          .environment = {{"ALERT_WEBHOOK_URL", "http://127.0.0.1:9998/hook"},
                          {"ALERT_WEBHOOK_SECRET",
                           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,whsec_"
                           "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}};
}

AcsOptions lost_chunks() {
  return {
      .chunk_length = 60s, .send_file_event = false, .files = {.missing_chunks = "0,1,2,3,4,5"}};
}

boost::json::array alerts(World& world, const std::string& query = "") {
  const Reply reply = world.api("/api/v1/alerts" + query);
  REQUIRE(reply.status == 200);
  return reply.json().at("alerts").as_array();
}

}  // namespace

TEST_CASE("what goes wrong on a call reaches the webhook once, whatever restarts between") {
  World world(with_webhook(lost_chunks()));
  Receiver receiver(world);
  world.call(one_turn());
  const auto call = world.newest_call_id();
  world.runtime.advance(20min);

  const auto late = receiver.of_kind("recording_late");
  REQUIRE(late.size() == 1);
  CHECK(World::text(late[0], "subject") == call);
  CHECK(World::text(late[0], "source") == World::service_url);
  REQUIRE(receiver.of_kind("verdict_missing").size() == 1);
  const auto heard = receiver.taken.size();

  world.stop_service();
  world.start_service();
  world.runtime.advance(2h);
  CHECK(receiver.of_kind("recording_late").size() == 1);
  CHECK(receiver.of_kind("verdict_missing").size() == 1);
  CHECK(receiver.taken.size() == heard);
  for (const auto& request : receiver.taken) {
    CHECK(request.headers.get("webhook-signature").find(" v1,") != std::string_view::npos);
    CHECK(request.body.find("+1") == std::string::npos);
  }
  for (const auto& alert : alerts(world))
    CHECK(World::text(alert.as_object(), "state") == "delivered");
}

TEST_CASE("alerts that nobody takes outlive a restart, and can be sent again") {
  World world(with_webhook(lost_chunks()));
  {
    Receiver receiver(world);
    receiver.status = 500;
    world.call(one_turn());
    world.runtime.advance(6min);
    CHECK_FALSE(receiver.taken.empty());
  }
  world.stop_service();
  world.start_service();
  world.runtime.advance(100h);
  const auto dead = alerts(world, "?state=dead");
  REQUIRE_FALSE(dead.empty());

  Receiver receiver(world);
  const auto id = World::text(dead.front().as_object(), "id");
  CHECK(world.api("/api/v1/alerts/" + id + "/retry", "POST").status == 202);
  world.runtime.advance(10s);
  REQUIRE(receiver.taken.size() == 1);
  CHECK(receiver.taken[0].headers.get("webhook-id") == id);
  CHECK(World::text(world.api("/api/v1/alerts/" + id).json().as_object(), "state") == "delivered");
  CHECK(world.api("/api/v1/alerts/" + id + "/retry", "POST").status == 409);
  CHECK(world.api("/api/v1/alerts/unknown/retry", "POST").status == 404);
  CHECK(world.api("/api/v1/alerts?state=lost").status == 400);
}

TEST_CASE("a recording of which no state event comes is an alert") {
  AcsOptions acs{.chunk_length = 60s};
  acs.faults.push_back(*parse_fault("callback.RecordingStateChanged:drop"));
  World world(with_webhook(std::move(acs)));
  Receiver receiver(world);
  auto plan = one_turn();
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 10s, 6, 6));
  world.call(std::move(plan));
  world.runtime.advance(10s);
  CHECK(receiver.of_kind("recording_state_event_missing").size() == 1);
}
