// What strangers and broken senders bring to the doors while a call is in progress.
#include "net/testing/raw_connection.hpp"
#include "net/websocket.hpp"
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

struct Knock {
  std::string what;
  std::string method;
  std::string target;
  std::string body;
  std::string authorization;
  int answer;
};

int knock(World& world, const Knock& knock) {
  net::HttpCall call{
      .method = knock.method, .url = World::service_url + knock.target, .body = knock.body};
  if (!knock.authorization.empty()) call.headers.set("Authorization", knock.authorization);
  return world.request(std::move(call)).status;
}

CallPlan one_turn_at(Duration at) {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::at_time, at, 0, 4));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 2min;
  return plan;
}

void check_untouched(World& world, const CallReport& report, std::uint32_t sockets = 1) {
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.sockets_opened == sockets);
  CHECK(report.end_reason == "the caller hung up");
  world.wait_until_found();
  CHECK(world.api("/api/v1/calls").json().at("calls").as_array().size() == 1);
  CHECK(world.turns().size() == 4);
  const StoredSound sound = read_wav(world.recording_audio().body);
  CHECK(decode_tones(sound.samples, sound.rate_hz, Party::caller).size() == 4);
  CHECK(decode_tones(sound.samples, sound.rate_hz, Party::assistant).size() == 12);
}

// Status of a refused upgrade; 101 when it was not refused.
int open_socket(World& world, const std::string& target, const std::string& token) {
  net::WebSocketClientOptions options;
  options.url = *net::parse_url("ws://127.0.0.1:8080" + target);
  if (!token.empty()) options.headers.set("Authorization", "Bearer " + token);
  auto opened = world.runtime.run_for(net::connect_websocket(
      world.network, world.runtime.executor(), world.runtime.clock(), std::move(options)));
  return opened ? 101 : opened.error().status;
}

Task<void> send_raw(World* world, std::string token, std::string correlation, std::string frame,
                    std::string* answer) {
  auto raw = co_await net::connect_raw(world->network, world->runtime.executor(), "127.0.0.1",
                                       World::service_port);
  if (!raw) co_return;
  std::string upgrade = fmt::format(
      "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "x-ms-call-correlation-id: {}\r\nAuthorization: Bearer {}\r\n\r\n",
      correlation, token);
  co_await (*raw)->write(std::move(upgrade));
  *answer = co_await (*raw)->read_until("\r\n\r\n");
  co_await (*raw)->write(std::move(frame));
  *answer += co_await (*raw)->read_to_end();
}

// A client's frame of less than 64 KiB, masked with zeros.
std::string frame_of(char opcode, const std::string& payload) {
  std::string frame{static_cast<char>(0x80 | opcode), '\xfe',
                    static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())};
  return frame + std::string(4, '\0') + payload;
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("bad requests get clear answers, and the call in progress is untouched") {
  World world;
  const auto placed = world.place(one_turn_at(12s));
  world.runtime.advance(8s);
  const std::string call = world.newest_call_id();
  const std::string good = "Bearer " + world.acs->identity().callback_token();
  const std::string secret = std::string("/api/incomingCall?secret=") + World::event_grid_secret;
  const std::string key = std::string("Bearer ") + World::api_key;
  const std::string big(10u << 20, 'x');
  const std::string unknown = "/api/callbacks/0a1b2c3d-1111-4111-8111-000000000001?k=abc";
  const std::vector<Knock> knocks{
      {"no secret", "POST", "/api/incomingCall", "[]", "", 401},
      {"wrong secret", "POST", "/api/incomingCall?secret=not-the-secret-at-all", "[]", "", 401},
      {"empty body", "POST", secret, "", "", 400},
      {"torn JSON", "POST", secret, R"([{"id":"1","eventType":")", "", 400},
      {"wrong type", "POST", secret, "42", "", 400},
      {"wrong member type", "POST", secret, R"([{"eventType":5}])", "", 400},
      {"10 MB", "POST", secret, big, "", 413},
      {"callback of nobody", "POST", "/api/callbacks", "[]", good, 401},
      {"no token", "POST", "/api/callbacks/" + call + "?k=abc", "[]", "", 401},
      {"wrong token", "POST", "/api/callbacks/" + call + "?k=abc", "[]", "Bearer a.b.c", 401},
      {"wrong key", "POST", "/api/callbacks/" + call + "?k=abc", "[]", good, 401},
      {"unknown call", "POST", unknown, "[]", good, 401},
      {"hostile name", "POST", "/api/callbacks/..%2f..%2fetc%2fpasswd?k=abc", "[]", good, 404},
      {"hostile quotes", "POST", "/api/callbacks/x';drop%20table%20calls;--?k=a", "[]", good, 401},
      {"10 MB callback", "POST", "/api/callbacks/" + call + "?k=abc", big, good, 413},
      {"no API key", "GET", "/api/v1/calls", "", "", 401},
      {"wrong API key", "GET", "/api/v1/calls", "", "Bearer nonsense-nonsense", 401},
      {"no such call", "GET", "/api/v1/calls/nobody", "", key, 404},
      {"hostile call", "GET", "/api/v1/calls/..%2f..%2fetc%2fpasswd", "", key, 404},
      {"no such recording", "GET", "/api/v1/recordings/nobody/audio", "", key, 404},
      {"absurd limit", "GET", "/api/v1/calls?limit=many", "", key, 400},
      {"wrong method", "DELETE", "/api/v1/calls", "", key, 405},
      {"no such door", "GET", "/etc/passwd", "", "", 404},
      {"metrics without a key", "GET", "/metrics", "", "", 401},
  };
  for (const Knock& one : knocks) {
    CAPTURE(one.what);
    CHECK(knock(world, one) == one.answer);
  }
  const std::string token = world.acs->identity().media_token();
  CHECK(open_socket(world, "/ws/" + call, "") == 401);
  CHECK(open_socket(world, "/ws/" + call + "?k=abc", token) == 401);
  CHECK(open_socket(world, "/ws/0a1b2c3d-1111-4111-8111-000000000001?k=abc", token) == 401);
  CHECK(open_socket(world, "/ws", token) == 401);
  check_untouched(world, world.finish(placed));
}

TEST_CASE("a media socket that brings nonsense never becomes the call's") {
  World world({.environment = {{"MEDIA_SOCKET_AUTH", "jwt"}}});
  const auto placed = world.place(one_turn_at(100s));
  world.runtime.advance(7s);
  const std::string correlation = World::text(world.newest_call(), "correlationId");
  const std::string torn = frame_of(1, R"({"kind":"AudioMetadata","audioMetadata":{)");
  const auto rate = [](std::string_view number) {
    return frame_of(1, fmt::format(R"({{"kind":"AudioMetadata","audioMetadata":{{"encoding":"PCM",)"
                                   R"("sampleRate":{},"channels":1,"length":640}}}})",
                                   number));
  };
  for (const auto& [what, frames] : std::vector<std::pair<std::string, std::string>>{
           {"no rate", rate("0")},
           {"a rate of another line", rate("8000")},
           {"a rate of music", rate("44100")},
           {"a rate beyond 32 bits", rate("4294983296")},
           {"a rate beyond 64 bits", rate("99999999999999999999999")},
           {"a fraction of a rate", rate("16000.5")},
           {"text for a rate", rate("\"16000 Hz\"")},
           {"nothing", ""},
           {"binary", frame_of(2, std::string("\x01\x02\x03\x04"))},
           {"empty", frame_of(1, "")},
           {"torn JSON", torn},
           {"a lot of torn JSON", repeated(torn, 100)},
           {"absurd rate", frame_of(1, R"({"kind":"AudioMetadata","audioMetadata":)"
                                       R"({"encoding":"PCM","sampleRate":-1,"channels":1}})")},
           {"wrong base64",
            frame_of(1, R"({"kind":"AudioData","audioData":{"data":"%%%","silent":false}})")}}) {
    CAPTURE(what);
    std::string answer;
    const SteadyTime before = world.runtime.clock().steady_now();
    world.runtime.run(
        send_raw(&world, world.acs->identity().media_token(), correlation, frames, &answer));
    CHECK(answer.starts_with("HTTP/1.1 101"));
    // Who does not name his stream is cut after 10 s; the rest is closed sooner.
    CHECK(world.runtime.clock().steady_now() - before <= 16s);
  }
  check_untouched(world, world.finish(placed));
}

TEST_CASE(
    "a newer media socket that brings nonsense as audio costs the call nothing but the reconnect") {
  World world({.environment = {{"MEDIA_SOCKET_AUTH", "jwt"}}});
  const auto placed = world.place(one_turn_at(20s));
  world.runtime.advance(7s);
  const std::string correlation = World::text(world.newest_call(), "correlationId");
  std::string frames = frame_of(
      1, R"({"kind":"AudioMetadata","audioMetadata":{"subscriptionId":"0a1b2c3d","encoding":"PCM",)"
         R"("sampleRate":24000,"channels":1,"length":960}})");
  frames += frame_of(2, std::string("\x01\x02\x03\x04"));
  frames += frame_of(1, R"({"kind":"AudioData","audioData":{"data":"%%%","silent":false}})");
  frames += frame_of(1, R"({"kind":"AudioData","audioData":{"data":"AAA=","silent":false}})");
  frames += frame_of(1, R"({"kind":"AudioData","audioData":{"data":7}})");
  frames += frame_of(1, R"({"kind":"AudioData")");
  std::string answer;
  world.runtime.run(
      send_raw(&world, world.acs->identity().media_token(), correlation, frames, &answer));
  CHECK(answer.starts_with("HTTP/1.1 101"));
  check_untouched(world, world.finish(placed), 2);
}

TEST_CASE("a sender whose token is not ACS's is refused at both doors") {
  for (const TokenForm form :
       {TokenForm::none, TokenForm::unsigned_alg, TokenForm::hs256, TokenForm::unknown_key,
        TokenForm::flipped, TokenForm::expired, TokenForm::not_yet, TokenForm::wrong_audience,
        TokenForm::wrong_issuer}) {
    CAPTURE(static_cast<int>(form));
    World world({.acs = {.events = {.callback_token = form}, .media_token = form}});
    CallPlan plan;
    plan.hang_up_at = 5s;
    const CallReport report = world.call(plan);
    CHECK(report.outcome == CallOutcome::completed);
    CHECK(report.callbacks_accepted == 0);
    CHECK(report.callbacks_refused > 0);
    CHECK(report.sockets_opened == 0);
    CHECK(report.sockets_refused > 0);
    CHECK(world.voice_live->items().empty());
    CHECK(std::ranges::count(world.journal(), "event CallConnected") == 0);
  }
}
