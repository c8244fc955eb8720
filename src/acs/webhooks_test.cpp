#include "acs/webhooks.hpp"

#include "acs/testing/fake_call_events.hpp"
#include "acs/testing/token_maker.hpp"
#include "acs/testing/two_resources.hpp"
#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>

namespace earshot::acs {

namespace {

using testing::token_maker;

constexpr std::string_view ring =
    R"([{"id":"b1","topic":"t","eventType":"Microsoft.Communication.IncomingCall",
        "data":{"to":{"rawId":"4:+1"},"from":{"rawId":"4:+2"},"serverCallId":"S",
                "incomingCallContext":"ctx","correlationId":"corr"}}])";
constexpr std::string_view connected =
    R"([{"id":"e1","type":"Microsoft.Communication.CallConnected","data":{"callConnectionId":"cc"}}])";

struct Setup {
  explicit Setup(bool open = false)
      : webhooks(events, &tokens, log, counters,
                 {.event_grid_secrets = {Secret("old-secret"), Secret("new-secret")},
                  .allow_unauthenticated_callbacks = open}) {
    testing::serve_keys(http, token_maker().jwk());
    webhooks.add_routes(router);
  }

  net::HttpResponse send(std::string method, std::string target, std::string_view body,
                         net::HttpHeaders headers = {}) {
    const auto path = target.substr(0, target.find('?'));
    const auto match = router.match(method, path, false);
    REQUIRE(match.handler != nullptr);
    net::HttpRequest request;
    request.method = method;
    request.target = target;
    request.path = path;
    request.headers = std::move(headers);
    request.body = body;
    request.path_parameters = match.parameters;
    return runtime.run_for((*match.handler)(std::move(request)));
  }
  net::HttpHeaders bearer() {
    const auto wishes = token_maker().wishes(runtime.clock().wall_now());
    return {{"Authorization", "Bearer " + token_maker().make(wishes)}};
  }

  net::TestRuntime runtime;
  testing::FakeHttpClient http;
  testing::FakeCallEvents events;
  MemoryLog log;
  Counters counters;
  KeySet keys{http, runtime.clock(), log, counters, {}};
  ResourceTokens tokens{testing::two_resources(keys, runtime.clock())};
  Webhooks webhooks;
  net::Router router;
};

}  // namespace

TEST_CASE("Event Grid's door opens by either secret, in the query or in a header") {
  Setup setup;

  CHECK(setup.send("POST", "/api/incomingCall?secret=old-secret", ring).status == 200);
  CHECK(setup.send("POST", "/api/incomingCall?code=new-secret", ring).status == 200);
  CHECK(setup.send("POST", "/api/incomingCall", ring, {{"x-event-grid-secret", "new-secret"}})
            .status == 200);
  CHECK(setup.events.events.size() == 1);
}

TEST_CASE("Event Grid's door stays shut without its secret") {
  Setup setup;

  for (const std::string target :
       {"/api/incomingCall", "/api/incomingCall?secret=", "/api/incomingCall?secret=new-secre",
        "/api/incomingCall?secret=new-secret2", "/api/incomingCall?k=new-secret"})
    CHECK(setup.send("POST", target, ring).status == 401);
  CHECK(setup.send("OPTIONS", "/api/incomingCall", "", {{"WebHook-Request-Origin", "a"}}).status ==
        401);
  CHECK(setup.events.events.empty());
}

TEST_CASE("no secret configured means nobody gets in, not everybody") {
  Setup setup;
  Webhooks locked(setup.events, &setup.tokens, setup.log, setup.counters,
                  {.event_grid_secrets = {Secret("")}});
  net::Router router;
  locked.add_routes(router);
  net::HttpRequest request;
  request.target = "/api/incomingCall?secret=";
  request.body = ring;

  const auto match = router.match("POST", "/api/incomingCall", false);
  CHECK(setup.runtime.run_for((*match.handler)(request)).status == 401);
}

TEST_CASE("the handshake of the Event Grid schema gets its code back") {
  Setup setup;

  const auto response = setup.send(
      "POST", "/api/incomingCall?secret=new-secret",
      R"([{"id":"7","data":{"validationCode":"512D"},"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent"}])");

  CHECK(response.status == 200);
  CHECK(response.body == R"({"validationResponse":"512D"})");
}

TEST_CASE("the handshake of the CloudEvents schema gets its origin and rate back") {
  Setup setup;

  const auto response = setup.send(
      "OPTIONS", "/api/incomingCall?secret=new-secret", "",
      {{"WebHook-Request-Origin", "eventgrid.azure.net"}, {"WebHook-Request-Rate", "120"}});

  CHECK(response.status == 200);
  CHECK(response.headers.get("WebHook-Allowed-Origin") == "eventgrid.azure.net");
  CHECK(response.headers.get("WebHook-Allowed-Rate") == "120");
  CHECK(setup
            .send("OPTIONS", "/api/incomingCall?secret=new-secret", "",
                  {{"WebHook-Request-Origin", "a b"}})
            .status == 400);
}

TEST_CASE("a callback needs ACS's token and the key of its call") {
  Setup setup;
  const std::string target = "/api/callbacks/call-1?k=key-1";

  CHECK(setup.send("POST", target, connected, setup.bearer()).status == 200);
  CHECK(setup.send("POST", target, connected).status == 401);
  CHECK(setup.send("POST", target, connected, {{"Authorization", "Bearer x.y.z"}}).status == 401);
  CHECK(setup.send("POST", "/api/callbacks/call-1", connected, setup.bearer()).status == 401);
  CHECK(setup.send("POST", "/api/callbacks/call-1?k=key-2", connected, setup.bearer()).status ==
        401);
  CHECK(setup.send("POST", "/api/callbacks/call-2?k=key-1", connected, setup.bearer()).status ==
        401);
  REQUIRE(setup.events.events.size() == 1);
  CHECK(setup.events.events[0].context_id.text == "call-1");
  CHECK(setup.events.events[0].door == EventDoor::call_callback);
}

TEST_CASE("a token of one resource does not open the callbacks of another resource's calls") {
  Setup setup;
  const std::string events = "/api/callbacks/call-1?k=key-1";
  const std::string recording = "/api/callbacks?c=call-1&k=key-1";
  const auto of_other = testing::bearer_of_other(setup.runtime.clock());

  CHECK(setup.send("POST", events, connected, of_other).status == 401);
  CHECK(setup.send("POST", recording, connected, of_other).status == 401);
  CHECK(setup.events.events.empty());

  setup.events.resource = "other";
  CHECK(setup.send("POST", events, connected, setup.bearer()).status == 401);
  CHECK(setup.send("POST", events, connected, of_other).status == 200);
  CHECK(setup.events.events.size() == 1);
}

TEST_CASE("the callbacks of a call whose resource is configured no longer stay shut") {
  Setup setup;
  setup.events.resource = "gone";

  CHECK(setup.send("POST", "/api/callbacks/call-1?k=key-1", connected, setup.bearer()).status ==
        401);
}

TEST_CASE("the recording callback names its call in the query") {
  Setup setup;
  constexpr std::string_view body =
      R"([{"id":"r1","type":"Microsoft.Communication.RecordingStateChanged","data":{"recordingId":"R","state":"active"}}])";

  CHECK(setup.send("POST", "/api/callbacks?c=call-1&k=key-1", body, setup.bearer()).status == 200);
  CHECK(setup.send("POST", "/api/callbacks", body, setup.bearer()).status == 401);
  REQUIRE(setup.events.events.size() == 1);
  CHECK(setup.events.events[0].context_id.text == "call-1");
  CHECK(setup.events.events[0].door == EventDoor::recording_callback);
}

TEST_CASE("the same event twice is taken twice and stored once") {
  Setup setup;
  const std::string target = "/api/callbacks/call-1?k=key-1";

  CHECK(setup.send("POST", target, connected, setup.bearer()).body ==
        R"({"stored":1,"duplicate":0,"unknownCall":0})");
  const auto again = setup.send("POST", target, connected, setup.bearer());
  CHECK(again.status == 200);
  CHECK(again.body == R"({"stored":0,"duplicate":1,"unknownCall":0})");
}

TEST_CASE("a store that is away is our fault, which senders may retry") {
  Setup setup;
  setup.events.is_away = true;

  const auto response = setup.send("POST", "/api/incomingCall?secret=new-secret", ring);
  CHECK(response.status == 503);
  CHECK_FALSE(response.headers.get("Retry-After").empty());
  CHECK(setup.send("POST", "/api/callbacks/call-1?k=key-1", connected, setup.bearer()).status ==
        503);
}

TEST_CASE("a key set that cannot be read is our fault too") {
  Setup setup;
  setup.http.otherwise = nullptr;

  CHECK(setup.send("POST", "/api/callbacks/call-1?k=key-1", connected, setup.bearer()).status ==
        503);
}

TEST_CASE("what can never be read is answered 400 and says where") {
  Setup setup;
  const auto response =
      setup.send("POST", "/api/callbacks/call-1?k=key-1", "[{\"type\":", setup.bearer());

  CHECK(response.status == 400);
  CHECK(response.body.find("offset 9") != std::string::npos);
  CHECK(setup.send("POST", "/api/callbacks/call-1?k=key-1", "", setup.bearer()).status == 400);
  CHECK(setup.send("POST", "/api/incomingCall?secret=new-secret", "[7]").status == 400);
  CHECK(setup.send("POST", "/api/incomingCall?secret=new-secret", "[]").status == 200);
}

TEST_CASE("a batch with one bad event keeps the good ones and names the bad one") {
  Setup setup;
  const auto response =
      setup.send("POST", "/api/callbacks/call-1?k=key-1",
                 R"([{"id":"1"},{"id":"e1","type":"Microsoft.Communication.CallConnected",
          "data":{"callConnectionId":"cc"}}])",
                 setup.bearer());

  CHECK(response.status == 200);
  CHECK(response.body.find(R"("rejected":[{"index":0,)") != std::string::npos);
  CHECK(setup.events.events.size() == 1);
}

TEST_CASE("a ring that comes through a callback door rings nobody") {
  Setup setup;

  CHECK(setup.send("POST", "/api/callbacks/call-1?k=key-1", ring, setup.bearer()).status == 200);

  REQUIRE(setup.events.events.size() == 1);
  CHECK(std::holds_alternative<OtherEvent>(setup.events.events[0].body));
}

TEST_CASE("a local test may open the callbacks, but never Event Grid's door") {
  Setup setup(true);

  CHECK(setup.send("POST", "/api/callbacks/call-1", connected).status == 200);
  CHECK(setup.send("POST", "/api/callbacks", connected).status == 200);
  CHECK(setup.send("POST", "/api/incomingCall", ring).status == 401);
  const auto stranger = setup.send("POST", "/api/callbacks/nobody", connected);
  CHECK(stranger.status == 200);
  CHECK(stranger.body.find(R"("unknownCall":1)") != std::string::npos);
  CHECK(setup.send("POST", "/api/callbacks/%22;drop", connected).status == 400);
}

TEST_CASE("a look at the callback door says that it is there") {
  Setup setup;

  CHECK(setup.send("GET", "/api/callbacks", "").status == 200);
  CHECK(setup.send("GET", "/api/callbacks/call-1", "").status == 200);
}

TEST_CASE("secrets and tokens stay out of the log") {
  Setup setup;
  setup.send("POST", "/api/incomingCall?secret=guessed-secret", ring);
  setup.send("POST", "/api/callbacks/call-1?k=guessed-key", connected, setup.bearer());
  setup.send("POST", "/api/incomingCall?secret=new-secret", ring);

  CHECK_FALSE(setup.log.contains("guessed"));
  CHECK_FALSE(setup.log.contains("eyJ"));
  CHECK_FALSE(setup.log.contains("ctx"));
}

}  // namespace earshot::acs
