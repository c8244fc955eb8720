#include "voice_live/voice_live_assistant.hpp"

#include "voice_live/session_builder.hpp"

#include <fmt/format.h>

namespace earshot::voice_live {

namespace {

class VoiceLiveAssistant : public Assistant {
 public:
  VoiceLiveAssistant(VoiceLiveServices services, VoiceLiveOptions options, net::Url url)
      : services_(std::move(services)),
        options_(std::make_shared<const VoiceLiveOptions>(std::move(options))),
        url_(std::move(url)),
        counters_(services_.counters),
        over_quota_(services_.counters.counter(
            "earshot_voice_live_over_quota_total",
            "connects not tried because the quota of a minute was used up")),
        failures_(services_.counters.counter("earshot_voice_live_open_failures_total",
                                             "sessions that could not be opened")),
        watchers_(services_.executor, services_.clock, services_.log, "assistant sessions") {}

  Task<Result<std::unique_ptr<AssistantSession>>> open(AssistantSessionRequest request) override {
    if (request.sample_rate_hz != 16000 && request.sample_rate_hz != 24000)
      co_return fail(ErrorKind::invalid, fmt::format("Voice Live: {} Hz is neither 16000 nor 24000",
                                                     request.sample_rate_hz));
    const auto wait = services_.quota.take(services_.clock.steady_now());
    if (wait > Duration(0)) {
      over_quota_.add();
      Error error{.kind = ErrorKind::unavailable,
                  .message = "Voice Live: the quota of new connections a minute is used up"};
      error.retry_after_ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
      co_return Failure(std::move(error));
    }
    auto opened = co_await connect_and_start(std::move(request));
    if (!opened) failures_.add();
    co_return opened;
  }

 private:
  Task<Result<std::unique_ptr<AssistantSession>>> connect_and_start(
      AssistantSessionRequest request) {
    net::WebSocketClientOptions options{.url = url_, .tls = services_.tls};
    options.limits.message_bytes_max = options_->message_bytes_max;
    options.limits.handshake_timeout = options_->connect_timeout;
    auto credentials = co_await authorize();
    if (!credentials) co_return Failure(credentials.error());
    options.headers = std::move(*credentials);
    const auto request_id = make_uuid(services_.random);
    options.headers.add("X-MS-Client-Request-ID", request_id);

    auto upgraded = co_await services_.connect(std::move(options));
    if (!upgraded) {
      services_.log.warn("assistant not reached", {{"call", request.call.text},
                                                   {"request", request_id},
                                                   {"status", upgraded.error().status}});
      co_return fail("Voice Live", upgraded.error());
    }
    services_.log.info("assistant reached",
                       {{"call", request.call.text},
                        {"request", request_id},
                        {"apim", upgraded->response_headers.get("apim-request-id")}});
    SessionServices session_services{services_.clock, services_.log, counters_, watchers_};
    co_return co_await open_session(std::move(upgraded->socket), session_services, options_,
                                    std::move(request));
  }

  Task<Result<net::HttpHeaders>> authorize() {
    net::HttpHeaders headers;
    if (options_->api_key) {
      headers.add("api-key", options_->api_key->reveal());
      co_return headers;
    }
    auto token = co_await services_.tokens->token(options_->token_scope);
    if (!token) co_return fail("token for Voice Live", token.error());
    headers.add("Authorization", "Bearer " + token->reveal());
    co_return headers;
  }

  VoiceLiveServices services_;
  std::shared_ptr<const VoiceLiveOptions> options_;
  net::Url url_;
  SessionCounters counters_;
  Counter& over_quota_;
  Counter& failures_;
  TaskGroup watchers_;
};

}  // namespace

Connector make_connector(net::Network& network, Executor& executor, Clock& clock) {
  return [&network, &executor, &clock](net::WebSocketClientOptions options) {
    return net::connect_websocket(network, executor, clock, std::move(options));
  };
}

Result<std::unique_ptr<Assistant>> make_voice_live_assistant(VoiceLiveServices services,
                                                             VoiceLiveOptions options) {
  auto url = session_url(options);
  if (!url) return Failure(url.error());
  if (options.api_key && options.api_key->empty())
    return fail(ErrorKind::invalid, "Voice Live: the API key is empty");
  if (!options.api_key && !services.tokens)
    return fail(ErrorKind::invalid, "Voice Live needs an API key or a source of Entra ID tokens");
  return std::make_unique<VoiceLiveAssistant>(std::move(services), std::move(options),
                                              std::move(*url));
}

}  // namespace earshot::voice_live
