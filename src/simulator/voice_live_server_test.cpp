// The assistant over the wire: a WebSocket in memory, a manual clock, speech that hums.
#include "simulator/voice_live_server.hpp"

#include "base/base64.hpp"
#include "base/counters.hpp"
#include "net/http_server.hpp"
#include "net/testing/memory_network.hpp"
#include "net/testing/test_runtime.hpp"
#include "net/websocket.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::simulator;
namespace json = boost::json;

namespace {

constexpr const char* good_url =
    "ws://sim.test:7000/voice-live/realtime?api-version=2026-07-15&model=gpt-realtime";

struct World {
  explicit World(VoiceLiveOptions options = {}) {
    if (options.assistant_lines.empty())
      options.assistant_lines = {"Good day to you", "And a second line"};
    server = make_voice_live_server(runtime.executor(), runtime.clock(), random, log, *speech,
                                    std::move(options));
    server->add_routes(router);
    net::HttpServerOptions listening{.address = "sim.test", .port = 7000};
    auto started = net::start_http_server(network, runtime.executor(), runtime.clock(), log,
                                          counters, router, listening);
    REQUIRE(started.has_value());
    http = std::move(*started);
  }

  net::TestRuntime runtime;
  net::MemoryNetwork network;
  SeededRandom random{7};
  NullLog log;
  Counters counters;
  net::Router router;
  std::unique_ptr<Speech> speech = make_hum();
  std::unique_ptr<VoiceLiveServer> server;
  std::unique_ptr<net::HttpServer> http;
};

Task<Result<net::Upgraded>> connect(World& world, std::string url, std::string key) {
  net::WebSocketClientOptions options;
  options.url = *net::parse_url(url);
  if (!key.empty()) options.headers.set("api-key", key);
  return net::connect_websocket(world.network, world.runtime.executor(), world.runtime.clock(),
                                std::move(options));
}

std::string text(const json::object& event, const char* name) {
  const auto* value = event.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// Reads until an event of `type`, keeping all that came before it.
Task<json::object> read_until(net::WebSocket& socket, std::string type,
                              std::vector<json::object>& seen) {
  while (auto message = co_await socket.receive()) {
    auto event = json::parse(json::string_view(message->data(), message->size())).get_object();
    seen.push_back(event);
    if (text(event, "type") == type) co_return event;
  }
  throw std::runtime_error("the session ended before " + type);
}

std::string append_of(int ms, double amplitude) {
  std::vector<std::int16_t> samples(static_cast<std::size_t>(ms) * 24);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<std::int16_t>(amplitude * std::sin(static_cast<double>(i) * 0.2));
  return R"({"type":"input_audio_buffer.append","audio":")" +
         base64::encode(
             ByteView(reinterpret_cast<const std::uint8_t*>(samples.data()), samples.size() * 2)) +
         "\"}";
}

bool has(const std::vector<json::object>& seen, const char* type) {
  return std::ranges::any_of(
      seen, [&](const json::object& event) { return text(event, "type") == type; });
}

}  // namespace

TEST_CASE("upgrades without a good key, a model or an api-version are refused") {
  World world;
  const auto status_of = [&](std::string url, std::string key) {
    auto refused = world.runtime.run_for(connect(world, std::move(url), std::move(key)));
    return refused.has_value() ? 101 : refused.error().status;
  };
  CHECK(status_of(good_url, "wrong") == 401);
  CHECK(status_of(good_url, "") == 401);
  CHECK(status_of("ws://sim.test:7000/voice-live/realtime?model=m", "simulator-voice-live-key") ==
        400);
  CHECK(status_of("ws://sim.test:7000/voice-live/realtime?api-version=1",
                  "simulator-voice-live-key") == 404);
  CHECK(status_of(good_url, "simulator-voice-live-key") == 101);
}

TEST_CASE("a caller's turn is heard, transcribed and answered with audio, text and word times") {
  VoiceLiveOptions options;
  options.caller_lines = {"is anybody there"};
  options.transcript_delay = 100ms;
  World world(options);

  auto conversation = [](World& w) -> Task<std::vector<json::object>> {
    auto upgraded = co_await connect(w, good_url, "simulator-voice-live-key");
    auto& socket = *upgraded->socket;
    std::vector<json::object> seen;
    co_await read_until(socket, "session.created", seen);
    socket.try_send(
        R"({"type":"session.update","session":{"turn_detection":{"type":"server_vad"},"output_audio_timestamp_types":["word"]}})");
    co_await read_until(socket, "session.updated", seen);
    socket.try_send(append_of(1000, 8000));
    socket.try_send(append_of(1000, 0));
    co_await read_until(socket, "response.done", seen);
    co_return seen;
  };
  const auto seen = world.runtime.run_for(conversation(world));

  CHECK(has(seen, "input_audio_buffer.speech_started"));
  CHECK(has(seen, "input_audio_buffer.speech_stopped"));
  CHECK(has(seen, "response.audio.delta"));
  CHECK(has(seen, "response.audio_timestamp.delta"));
  std::string heard;
  std::string said;
  for (const auto& event : seen) {
    if (text(event, "type") == "conversation.item.input_audio_transcription.completed")
      heard = text(event, "transcript");
    if (text(event, "type") == "response.audio_transcript.delta") said += text(event, "delta");
  }
  CHECK(heard == "is anybody there");
  CHECK(said == "Good day to you");
}

TEST_CASE("speech during a response cancels it, and a cut past what was generated is an error") {
  VoiceLiveOptions options;
  options.generation_speed = 1;
  options.assistant_lines = {"a line that is long enough to be interrupted in its very middle"};
  World world(options);

  auto conversation = [](World& w) -> Task<std::vector<json::object>> {
    auto upgraded = co_await connect(w, good_url, "simulator-voice-live-key");
    auto& socket = *upgraded->socket;
    std::vector<json::object> seen;
    co_await read_until(socket, "session.created", seen);
    socket.try_send(R"({"type":"response.create"})");
    const auto delta = co_await read_until(socket, "response.audio.delta", seen);
    socket.try_send(append_of(400, 8000));
    co_await read_until(socket, "response.done", seen);
    const std::string item = text(delta, "item_id");
    socket.try_send(R"({"type":"conversation.item.truncate","item_id":")" + item +
                    R"(","content_index":0,"audio_end_ms":100})");
    co_await read_until(socket, "conversation.item.truncated", seen);
    socket.try_send(R"({"type":"conversation.item.truncate","event_id":"mine","item_id":")" + item +
                    R"(","content_index":0,"audio_end_ms":60000})");
    co_await read_until(socket, "error", seen);
    co_return seen;
  };
  const auto seen = world.runtime.run_for(conversation(world));

  CHECK(text(seen.back().at("error").get_object(), "event_id") == "mine");
  REQUIRE(world.server->items().size() == 1);
  CHECK(world.server->items()[0].cancelled);
  CHECK(world.server->items()[0].truncated_at_ms == 100);
  CHECK(world.server->items()[0].samples < 24000 * 2);
}

TEST_CASE("nonsense gets an error and the session goes on") {
  World world;
  auto conversation = [](World& w) -> Task<std::vector<json::object>> {
    auto upgraded = co_await connect(w, good_url, "simulator-voice-live-key");
    auto& socket = *upgraded->socket;
    std::vector<json::object> seen;
    for (const char* nonsense : {"not json", "[]", R"({"type":17})",
                                 R"({"type":"input_audio_buffer.append","audio":"***"})",
                                 R"({"type":"response.cancel"})", R"({"type":"session.update"})"}) {
      socket.try_send(nonsense);
      co_await read_until(socket, "error", seen);
    }
    socket.try_send(R"({"type":"session.update","session":{"input_audio_sampling_rate":16000}})");
    co_await read_until(socket, "session.updated", seen);
    co_return seen;
  };
  const auto seen = world.runtime.run_for(conversation(world));
  CHECK(std::ranges::count_if(
            seen, [](const auto& event) { return text(event, "type") == "error"; }) == 6);
}
