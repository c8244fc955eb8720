#include "simulator/acs_server.hpp"

#include "net/url.hpp"

#include <fmt/format.h>

namespace earshot::simulator {

AcsSimulator::AcsSimulator(SimulatorServices services, AcsOptions options,
                           std::unique_ptr<ChunkStore> exports)
    : services_(services),
      options_(std::move(options)),
      exports_(std::move(exports)),
      identity_(options_.identity, services_.clock, services_.random),
      faults_(options_.faults, options_.seed),
      verifier_({.access_key_base64 = options_.access_key_base64}),
      storage_(services_.clock, options_.service_storage_kept, options_.service_storage_bytes_max),
      late_events_(services_.executor, services_.clock, services_.log, "sim late events"),
      created_calls_(services_.executor, services_.clock, services_.log, "sim created calls"),
      delivery_(services_, identity_, faults_, late_events_, options_.events),
      call_automation_(
          {.services = services_,
           .options = options_,
           .book = book_,
           .faults = faults_,
           .verifier = verifier_,
           .create_call =
               [this](CreateCallRequest request) { return create_call(std::move(request)); }}),
      storage_door_(services_, storage_, faults_, verifier_, options_.verify_signatures),
      placed_call_ended_(services_.clock.make_signal()) {
  router_.set_fallback([this](net::HttpRequest request) { return handle(std::move(request)); });
}

AcsSimulator::~AcsSimulator() = default;

Result<void> AcsSimulator::start() {
  net::HttpServerOptions server{
      .address = options_.address, .port = options_.port, .tls = options_.server_tls};
  auto started = net::start_http_server(services_.network, services_.executor, services_.clock,
                                        services_.log, services_.counters, router_, server);
  if (!started) return fail("start the simulator", started.error());
  server_ = std::move(*started);
  return ok();
}

void AcsSimulator::begin_stop() {
  stopping_ = true;
  for (const auto& [id, call] : book_.calls()) call->hang_up();
  delivery_.begin_stop();
}

Task<void> AcsSimulator::stop() {
  begin_stop();
  while (placed_calls_ > 0) co_await placed_call_ended_->wait();
  co_await created_calls_.join();
  co_await late_events_.join();
  if (server_ != nullptr) co_await server_->stop(services_.clock.steady_now() + 2s);
  server_ = nullptr;
}

std::uint16_t AcsSimulator::port() const {
  return server_ == nullptr ? options_.port : server_->port();
}

std::string AcsSimulator::base_url() const {
  if (!options_.public_url.empty()) return options_.public_url;
  return fmt::format("{}://127.0.0.1:{}", options_.server_tls ? "https" : "http", port());
}

std::vector<std::pair<std::string, std::string>> AcsSimulator::environment() const {
  // Where downloads go: the service's own storage is here, too.
  const auto url = net::parse_url(base_url());
  return {
      {"RECORDING_DOWNLOAD_HOSTS", url ? url->authority() : ""},
      {"ACS_CONNECTION_STRING",
       fmt::format("endpoint={}/;accesskey={}", base_url(), options_.access_key_base64)},
      {"ACS_OPENID_CONFIG_URL", base_url() + "/calling/.well-known/acsopenidconfiguration"},
      {"ACS_TOKEN_ISSUER", options_.identity.issuer},
      {"ACS_TOKEN_AUDIENCE", options_.identity.audience},
  };
}

CallShop AcsSimulator::call_shop() {
  return {.services = services_,
          .options = options_,
          .identity = identity_,
          .faults = faults_,
          .delivery = delivery_,
          .recordings = {.services = services_,
                         .options = options_,
                         .faults = faults_,
                         .delivery = delivery_,
                         .storage = storage_,
                         .exports = exports_.get(),
                         .base_url = base_url()}};
}

Task<CallReport> AcsSimulator::place_call(CallPlan plan, ProgressSink progress) {
  if (stopping_)
    co_return CallReport{.outcome = CallOutcome::not_answered,
                         .end_reason = "the simulator is stopping"};
  if (book_.open_calls() >= options_.calls_max)
    co_return CallReport{.outcome = CallOutcome::not_answered,
                         .end_reason = "the simulator's limit of calls is reached"};
  const auto call = std::make_shared<Call>(call_shop(), std::move(plan), std::move(progress));
  book_.add(call);
  ++placed_calls_;
  co_await call->run_inbound();
  book_.retire(call);
  --placed_calls_;
  placed_call_ended_->notify();
  co_return call->report();
}

Result<std::string> AcsSimulator::create_call(CreateCallRequest request) {
  if (stopping_) return rest_failure(503, "8500", "The simulator is stopping.");
  if (book_.open_calls() >= options_.calls_max)
    return rest_failure(400, "8530", "The limit of active calls is reached.");
  const auto call = std::make_shared<Call>(call_shop(), options_.outbound_plan, ProgressSink{});
  auto properties = call->prepare_outbound(std::move(request));
  book_.add(call);
  created_calls_.spawn(run_created(call));
  return properties;
}

Task<void> AcsSimulator::run_created(std::shared_ptr<Call> call) {
  co_await call->run_outbound();
  book_.retire(call);
}

Task<Result<void>> AcsSimulator::validate_subscription(std::string event_grid_url) {
  co_return co_await delivery_.validate_subscription(std::move(event_grid_url));
}

Task<net::HttpResponse> AcsSimulator::handle_identity(net::HttpRequest request) {
  const bool is_keys = request.path == "/calling/keys";
  const Fault fault = faults_.at(is_keys ? "openid.keys" : "openid.configuration");
  if (fault.delay > Duration::zero()) co_await services_.clock.sleep_for(fault.delay);
  if (fault.status != 0) co_return net::text_response(fault.status, "fault of the script");
  co_return net::json_response(
      200, is_keys ? identity_.key_set() : identity_.openid_configuration(base_url()));
}

Task<net::HttpResponse> AcsSimulator::handle(net::HttpRequest request) {
  if (request.path == "/calling/.well-known/acsopenidconfiguration" ||
      request.path == "/calling/keys")
    co_return co_await handle_identity(std::move(request));
  if (request.path.starts_with("/v1/objects/"))
    co_return co_await storage_door_.handle(std::move(request));
  co_return co_await call_automation_.handle(std::move(request));
}

}  // namespace earshot::simulator
