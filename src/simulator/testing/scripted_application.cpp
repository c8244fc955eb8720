#include "simulator/testing/scripted_application.hpp"

#include "net/url.hpp"

#include <fmt/format.h>

namespace earshot::simulator::testing {

namespace json = boost::json;

ScriptedApplication::ScriptedApplication(SimulatorServices services, std::string acs_url,
                                         std::string access_key)
    : services_(services),
      acs_url_(std::move(acs_url)),
      signer_({.access_key_base64 = std::move(access_key)}),
      tasks_(services.executor, services.clock, services.log, "scripted application") {}

void ScriptedApplication::start() {
  router_.add("POST", "/api/incomingCall",
              [this](net::HttpRequest request) { return on_incoming(std::move(request)); });
  router_.add("POST", "/api/callbacks/{contextId}",
              [this](net::HttpRequest request) { return on_callback(std::move(request)); });
  router_.add("POST", "/api/callbacks",
              [this](net::HttpRequest request) { return on_callback(std::move(request)); });
  router_.add_websocket("/ws/{contextId}", nullptr,
                        [this](net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) {
                          return on_websocket(std::move(request), std::move(socket));
                        });
  net::HttpServerOptions options{.address = "127.0.0.1", .port = port};
  auto started = net::start_http_server(services_.network, services_.executor, services_.clock,
                                        services_.log, services_.counters, router_, options);
  if (!started) throw std::runtime_error(started.error().message);
  server_ = std::move(*started);
}

Task<void> ScriptedApplication::stop() {
  co_await tasks_.join();
  if (server_ != nullptr) co_await server_->stop(services_.clock.steady_now() + 1s);
}

Task<Reply> ScriptedApplication::request(std::string method, std::string target, std::string body,
                                         net::HttpHeaders headers) {
  net::HttpCall call{.method = method, .url = acs_url_ + target, .headers = std::move(headers)};
  const auto url = net::parse_url(call.url);
  const std::string date = to_http_date(services_.clock.wall_now());
  const std::string hash = content_hash(body);
  call.headers.set("x-ms-date", date);
  call.headers.set("x-ms-content-sha256", hash);
  call.headers.set("Authorization",
                   "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=" +
                       signer_.signature(method, target, url->authority(), date, hash));
  if (!body.empty()) call.headers.set("Content-Type", "application/json");
  call.body = std::move(body);
  auto reply = co_await services_.http.send(std::move(call));
  if (!reply) throw std::runtime_error(reply.error().message);
  co_return Reply{reply->status, std::move(reply->body), std::move(reply->headers)};
}

Task<net::HttpResponse> ScriptedApplication::on_incoming(net::HttpRequest request) {
  incoming.push_back(request);
  const json::value value = json::parse(request.body);
  const json::object& event =
      value.is_array() ? value.get_array().at(0).get_object() : value.get_object();
  const auto* type =
      event.contains("eventType") ? event.if_contains("eventType") : event.if_contains("type");
  if (type != nullptr && type->get_string() == "Microsoft.Communication.IncomingCall" && answers &&
      answer_status == 0)
    tasks_.spawn(answer(std::string(event.at("data").at("incomingCallContext").get_string())));
  co_return net::text_response(200, "");
}

Task<void> ScriptedApplication::answer(std::string context) {
  answer_status = -1;
  std::string body = fmt::format(
      R"({{"incomingCallContext":"{}","callbackUri":"http://127.0.0.1:{}/api/callbacks/one?k=x",)"
      R"("operationContext":"op-1","mediaStreamingOptions":{{"transportType":"websocket",)"
      R"("transportUrl":"ws://127.0.0.1:{}/ws/one?k=x","contentType":"audio",)"
      R"("audioChannelType":"mixed","startMediaStreaming":true,"enableBidirectional":true,)"
      R"("audioFormat":"{}","enableDtmfTones":true}}}})",
      context, port, port, audio_format);
  Reply reply = co_await request("POST", "/calling/callConnections:answer?api-version=2026-03-12",
                                 std::move(body));
  answer_status = reply.status;
  answer_body = reply.body;
}

Task<net::HttpResponse> ScriptedApplication::on_callback(net::HttpRequest request) {
  callbacks.push_back(request);
  for (const auto& event : json::parse(request.body).as_array()) {
    std::string type(event.at("type").get_string());
    type.erase(0, std::string_view("Microsoft.Communication.").size());
    event_types.push_back(type);
    const auto& data = event.at("data").get_object();
    if (on_event) on_event(type, data);
    tasks_.spawn(act_on(type, data));
  }
  co_return net::text_response(200, "");
}

Task<void> ScriptedApplication::act_on(std::string type, json::object data) {
  if (type != "CallConnected") co_return;
  connection_id = std::string(data.at("callConnectionId").get_string());
  server_call_id = std::string(data.at("serverCallId").get_string());
  if (hang_up_on_connect)
    co_await request("DELETE",
                     "/calling/callConnections/" + connection_id + "?api-version=2026-03-12");
  if (!records) co_return;
  const std::string storage =
      container_url.empty()
          ? ""
          : fmt::format(R"(,"externalStorage":{{"recordingStorageKind":"azureBlobStorage",)"
                        R"("recordingDestinationContainerUrl":"{}"}})",
                        container_url);
  std::string body =
      fmt::format(R"({{"callLocator":{{"kind":"serverCallLocator","serverCallId":"{}"}},)"
                  R"("recordingStateCallbackUri":"http://127.0.0.1:{}/api/callbacks",)"
                  R"("recordingContentType":"audio","recordingChannelType":"mixed",)"
                  R"("recordingFormatType":"wav"{}{}}})",
                  server_call_id, port, storage, recording_options);
  Reply reply =
      co_await request("POST", "/calling/recordings?api-version=2026-03-12", std::move(body));
  recording_status = reply.status;
  if (reply.status < 300) recording_id = std::string(reply.json().at("recordingId").get_string());
}

Task<void> ScriptedApplication::on_websocket(net::HttpRequest request,
                                             std::unique_ptr<net::WebSocket> socket) {
  upgrades.push_back(request);
  if (on_socket) on_socket(*socket);
  while (auto message = co_await socket->receive()) {
    media.emplace_back(*message);
    if (on_media) on_media(media.back(), *socket);
  }
}

Bench::Bench(AcsOptions options, std::unique_ptr<ChunkStore> exports) {
  http = net::make_http_client(network, runtime.executor(), runtime.clock());
  services.emplace(SimulatorServices{network, runtime.executor(), runtime.clock(), random, log,
                                     counters, *http});
  options.port = 7071;
  options.event_grid_url =
      fmt::format("http://127.0.0.1:{}/api/incomingCall?secret=s", ScriptedApplication::port);
  const std::string access_key = options.access_key_base64;
  acs = std::make_unique<AcsSimulator>(*services, std::move(options), std::move(exports));
  app = std::make_unique<ScriptedApplication>(*services, "http://127.0.0.1:7071", access_key);
  auto started = acs->start();
  if (!started) throw std::runtime_error(started.error().message);
  app->start();
}

Bench::~Bench() {
  runtime.run(acs->stop());
  runtime.run(app->stop());
}

CallReport Bench::call(CallPlan plan) { return runtime.run_for(acs->place_call(std::move(plan))); }

}  // namespace earshot::simulator::testing
