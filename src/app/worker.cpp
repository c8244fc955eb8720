#include "app/worker.hpp"

#include "app/options.hpp"
#include "app/tokens.hpp"
#include "voice_live/voice_live_assistant.hpp"

namespace earshot::app {

namespace {

// Three seconds of audio at 24 kHz. The bridge hands over 200 ms ahead of time, so that only a peer
// that stalls fills this; more of it would be heard later than it is worth. Beyond it is dropped
// and counted.
constexpr std::size_t media_queue_bytes_max = 192 << 10;

}  // namespace

Worker::Worker(WorkerShared shared, Executor& executor)
    : shared_(std::move(shared)), executor_(executor) {
  Outside& outside = shared_.outside;
  const Config& config = shared_.config;
  net::HttpClientOptions http{.ca_pem_file = config.ca_file};
  http_ = net::make_http_client(outside.network, executor_, outside.clock, http);
  tokens_ = make_token_source(config, *http_, outside.clock, outside.random, outside.log,
                              outside.counters, outside.offload);
  std::vector<acs::ResourceTokens::Resource> resources;
  resources.reserve(config.acs_resources.size());
  for (const auto& resource : config.acs_resources) {
    acs::KeySetOptions options{.openid_config_url = resource.openid_config_url};
    auto& keys = keys_[resource.openid_config_url];
    if (!keys)
      keys = std::make_unique<acs::KeySet>(*http_, outside.clock, outside.log, outside.counters,
                                           std::move(options));
    resources.push_back({.label = resource.label,
                         .verifier = std::make_unique<acs::TokenVerifier>(*keys, outside.clock,
                                                                          token_rules(resource))});
  }
  acs_tokens_ = std::make_unique<acs::ResourceTokens>(std::move(resources));
}

Result<std::unique_ptr<Worker>> Worker::make(WorkerShared shared, Executor& executor) {
  std::unique_ptr<Worker> worker(new Worker(std::move(shared), executor));
  Outside& outside = worker->shared_.outside;
  auto options = voice_live_options(worker->shared_.config);
  if (!options) return Failure(options.error());
  voice_live::VoiceLiveServices services{
      .executor = executor,
      .clock = outside.clock,
      .random = outside.random,
      .log = outside.log,
      .counters = outside.counters,
      .quota = worker->shared_.quota,
      .connect = voice_live::make_connector(outside.network, executor, outside.clock),
      .tls = worker->shared_.tls_client,
      .tokens = worker->tokens_.get()};
  auto assistant = voice_live::make_voice_live_assistant(std::move(services), std::move(*options));
  if (!assistant) return fail("Voice Live", assistant.error());
  worker->assistant_ = std::move(*assistant);
  return worker;
}

Result<void> Worker::listen(CallEvents& events, MediaArrivals& arrivals, std::uint16_t port,
                            const std::function<void(net::Router&)>& add_routes) {
  Outside& outside = shared_.outside;
  const Config& config = shared_.config;
  webhooks_ = std::make_unique<acs::Webhooks>(events, acs_tokens_.get(), outside.log,
                                              outside.counters, webhook_options(config));
  webhooks_->add_routes(router_);
  acs::MediaRoutesServices services{.executor = executor_,
                                    .clock = outside.clock,
                                    .log = outside.log,
                                    .counters = outside.counters,
                                    .events = events,
                                    .arrivals = arrivals,
                                    .tokens = acs_tokens_.get()};
  media_ = std::make_unique<acs::MediaRoutes>(services, media_routes_options(config));
  media_->add_routes(router_);
  add_routes(router_);
  net::HttpServerOptions listening{.address = config.listen_address,
                                   .port = port,
                                   .share_port = outside.workers.size() > 1,
                                   .tls = shared_.tls_server,
                                   .connections_max = outside.connections_per_worker_max,
                                   .websocket = {.send_queue_bytes_max = media_queue_bytes_max}};
  auto server = net::start_http_server(outside.network, executor_, outside.clock, outside.log,
                                       outside.counters, router_, std::move(listening));
  if (!server) return Failure(server.error());
  server_ = std::move(*server);
  return ok();
}

Task<void> Worker::close(SteadyTime deadline) {
  if (server_) co_await server_->stop(deadline);
  if (media_) co_await media_->stop();
}

}  // namespace earshot::app
