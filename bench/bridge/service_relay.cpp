#include "base/task_group.hpp"
#include "bench/bridge/service.hpp"
#include "bench/bridge/service_life.hpp"

#include <fmt/format.h>

namespace earshot::bench {

namespace {

// What one direction looks for, and what it puts around it.
struct Wrapping {
  std::string_view key;
  std::string_view before;
  std::string_view after;
};
constexpr Wrapping to_assistant{R"("data":")", R"({"type":"input_audio_buffer.append","audio":")",
                                R"("})"};
constexpr Wrapping to_phone{R"("delta":")", R"({"Kind":"AudioData","AudioData":{"Data":")",
                            R"("},"StopAudio":null})"};

struct Pair {
  std::unique_ptr<net::WebSocket> phone;
  std::unique_ptr<net::WebSocket> assistant;
};

Task<void> pump(std::shared_ptr<Pair> pair, net::WebSocket& from, net::WebSocket& to,
                Wrapping wrapping) {
  while (const auto message = co_await from.receive()) {
    const auto key = message->find(wrapping.key);
    if (key == std::string_view::npos) continue;
    const auto begin = key + wrapping.key.size();
    const auto span = message->substr(begin, message->find('"', begin) - begin);
    std::string out;
    out.reserve(wrapping.before.size() + span.size() + wrapping.after.size());
    out += wrapping.before;
    out += span;
    out += wrapping.after;
    to.try_send(std::move(out));
  }
  co_await to.close(1000, "");
}

class Relay {
 public:
  Relay(ServiceParts& parts, std::uint16_t assistant_port)
      : parts_(parts),
        url_(fmt::format("ws://127.0.0.1:{}/voice-live/realtime", assistant_port)),
        tasks_(parts.runtime.worker(0), parts.clock, parts.log, "relay") {}

  Task<void> opened(std::string call, std::unique_ptr<net::WebSocket> phone) {
    auto url = net::parse_url(url_);
    if (!url) co_return;
    net::WebSocketClientOptions options{.url = *url};
    auto connected = co_await net::connect_websocket(parts_.network, parts_.runtime.worker(0),
                                                     parts_.clock, std::move(options));
    if (!connected) co_return;
    auto pair = std::make_shared<Pair>(std::move(phone), std::move(connected->socket));
    pair->assistant->try_send(fmt::format(
        R"({{"type":"session.update","session":{{"metadata":{{"call_id":"{}"}}}}}})", call));
    tasks_.spawn(pump(pair, *pair->assistant, *pair->phone, to_phone));
    co_await pump(pair, *pair->phone, *pair->assistant, to_assistant);
  }
  Task<void> join() { co_await tasks_.join(); }

 private:
  ServiceParts& parts_;
  std::string url_;
  TaskGroup tasks_;
};

Task<std::optional<net::HttpResponse>> open_gate() { co_return std::nullopt; }

Task<void> live(const ServiceOptions& options, ServiceParts& parts) {
  Relay relay(parts, options.assistant_port);
  net::Router router;
  router.add_websocket(
      "/ws/{contextId}", [](const net::HttpRequest&) { return open_gate(); },
      [&relay](net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) {
        return relay.opened(std::string(request.path_parameter("contextId")), std::move(socket));
      });
  auto server = parts.listen(router);
  if (!server) co_return;
  parts.tell_port((*server)->port());
  co_await parts.ending->wait();
  co_await (*server)->stop(parts.clock.steady_now() + 15s);
  co_await relay.join();
}

}  // namespace

int run_relay(const ServiceOptions& options) { return run_parts(options, live); }

}  // namespace earshot::bench
