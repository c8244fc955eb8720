#include "simulator/voice_live_server.hpp"

#include "base/crypto.hpp"
#include "simulator/voice_live_session.hpp"

#include <fmt/format.h>
#include <list>

namespace earshot::simulator {
namespace {

constexpr const char* endpoint_path = "/voice-live/realtime";

class Server : public VoiceLiveServer {
 public:
  Server(VoiceLiveServices services, VoiceLiveOptions options, VoiceLiveEvents events)
      : services_(services), ended_(services.clock.make_signal()) {
    shared_.options = std::move(options);
    shared_.events = std::move(events);
  }

  void add_routes(net::Router& router) override {
    net::WebSocketGate gate = [this](const net::HttpRequest& request) { return admit(&request); };
    net::WebSocketHandler handler = [this](net::HttpRequest request,
                                           std::unique_ptr<net::WebSocket> socket) {
      return serve(std::move(request), std::move(socket));
    };
    router.add_websocket(endpoint_path, std::move(gate), std::move(handler));
  }

  VoiceLiveFaults& faults() override { return shared_.options.faults; }
  const std::vector<GeneratedItem>& items() const override { return shared_.items; }
  std::size_t sessions_opened() const override { return opened_; }
  std::size_t sessions_open() const override { return sessions_.size(); }

  void cut_sessions(std::uint16_t code) override {
    for (VoiceLiveSession* session : sessions_) session->cut(code);
  }

  Task<void> stop() override {
    cut_sessions(1001);
    while (!sessions_.empty()) co_await ended_->wait();
  }

 private:
  static net::HttpResponse refuse(int status, std::string_view code, std::string_view message) {
    return net::json_response(
        status, fmt::format(R"({{"error":{{"code":"{}","message":"{}"}}}})", code, message));
  }

  // As far as the reference knows: 401 without good credentials, 404 without a model, 400 without
  // api-version.
  Task<std::optional<net::HttpResponse>> admit(const net::HttpRequest* request) {
    auto& faults = shared_.options.faults;
    if (faults.refuse_connects > 0) {
      --faults.refuse_connects;
      auto response =
          refuse(faults.refuse_status, "refused_by_script", "The simulator was told to refuse.");
      if (faults.refuse_retry_after_s > 0)
        response.headers.set("Retry-After", std::to_string(faults.refuse_retry_after_s));
      co_return response;
    }
    const std::string_view key = request->headers.get("api-key");
    const std::string_view authorization = request->headers.get("authorization");
    const bool by_key = !key.empty() && crypto::constant_time_equal(key, shared_.options.api_key);
    const bool by_token = shared_.options.accept_bearer && authorization.starts_with("Bearer ") &&
                          authorization.size() > 7;
    if (!by_key && !by_token)
      co_return refuse(401, "401", "Access denied due to invalid credentials.");
    if (!request->query("api-version"))
      co_return refuse(400, "BadRequest", "api-version is missing.");
    if (!request->query("model") && !request->query("agent-name") && !request->query("agent-id"))
      co_return refuse(404, "DeploymentNotFound", "Neither model nor agent-name is given.");
    co_return std::nullopt;
  }

  Task<void> serve(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) {
    const auto model = request.query("model");
    const auto agent = request.query("agent-name");
    VoiceLiveSession session(services_, shared_, *socket, model ? *model : agent.value_or("agent"),
                             !model);
    ++opened_;
    sessions_.push_back(&session);
    co_await session.run();
    sessions_.remove(&session);
    ended_->notify();
  }

  VoiceLiveServices services_;
  VoiceLiveShared shared_;
  std::size_t opened_ = 0;
  std::list<VoiceLiveSession*> sessions_;
  std::unique_ptr<Signal> ended_;
};

}  // namespace

std::unique_ptr<VoiceLiveServer> make_voice_live_server(Executor& executor, Clock& clock,
                                                        Random& random, Log& log, Speech& speech,
                                                        VoiceLiveOptions options,
                                                        VoiceLiveEvents events) {
  VoiceLiveServices services{executor, clock, random, log, speech};
  return std::make_unique<Server>(services, std::move(options), std::move(events));
}

}  // namespace earshot::simulator
