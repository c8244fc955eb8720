#include "acs/media_routes.hpp"
#include "base/random.hpp"
#include "bench/bridge/service.hpp"
#include "bench/bridge/service_life.hpp"
#include "bridge/call_bridge.hpp"
#include "net/http_server.hpp"
#include "net/runtime.hpp"
#include "store/tap_spool_files.hpp"
#include "voice_live/voice_live_assistant.hpp"

#include <fmt/format.h>

namespace earshot::bench {

namespace {

// Every call is known, every key is right.
struct OpenDoors : CallEvents {
  Task<Result<std::vector<Accepted>>> accept(std::vector<InboundEvent> events) override {
    co_return std::vector<Accepted>(events.size(), Accepted::stored);
  }
  Task<Result<void>> check_link(ContextId, std::string) override { co_return ok(); }
  Task<Result<std::string>> resource_of(ContextId) override { co_return std::string(); }
  Task<Result<ContextId>> find_by_correlation(CorrelationId) override {
    co_return fail(ErrorKind::not_found, "no call is found by its correlation id here");
  }
};

// The call hangs up when its socket ends.
struct Owner : BridgeObserver {
  std::weak_ptr<CallBridge> bridge;
  void end(const std::string& reason) {
    if (const auto live = bridge.lock()) live->end(reason);
  }
  void turn_changed(const Turn&) override {}
  void dtmf(const std::string&) override {}
  void caller_audio_lost(const std::string& reason) override { end(reason); }
  void caller_audio_back() override {}
  void notice_played(const PlayedNotice&) override {}
  void assistant_state(bool reachable, const std::string& reason) override {
    if (!reachable) fmt::print(stderr, "assistant away: {}\n", reason);
  }
  void wants_recording(bool, const std::string&, const std::string&) override {}
  void wants_hang_up(const std::string& reason) override { end(reason); }
  void noted(const std::string&, const std::string&) override {}
};

struct Calls : MediaArrivals {
  explicit Calls(BridgeServices services_in) : services(services_in) {}

  Task<void> arrived(ContextId call, std::unique_ptr<CallerAudio> audio, Executor& where) override {
    Owner owner;
    BridgeStart start{.call = std::move(call),
                      .connected_at = services.clock.wall_now(),
                      .assistant_rate_hz = 24000,
                      .recording_active = true,
                      .say_notice = false};
    auto bridge = make_call_bridge(services, options, std::move(start), owner);
    owner.bridge = bridge;
    const auto let_go = services.clock.make_signal();
    bridge->attach(std::move(audio), where, [&let_go] { let_go->notify(); });
    co_await bridge->run();
    co_await let_go->wait();
  }

  BridgeServices services;
  BridgeOptions options;
};

Task<void> live(const ServiceOptions& options, ServiceParts& parts) {
  Executor& executor = parts.runtime.worker(0);
  SystemRandom random;
  const auto offload = net::make_thread_offload(2);
  auto spool = store::make_tap_spool_files({.directory = options.directory}, *offload, parts.clock,
                                           parts.log, parts.counters);
  voice_live::ConnectQuota quota(100'000);
  voice_live::VoiceLiveServices services{
      .executor = executor,
      .clock = parts.clock,
      .random = random,
      .log = parts.log,
      .counters = parts.counters,
      .quota = quota,
      .connect = voice_live::make_connector(parts.network, executor, parts.clock)};
  voice_live::VoiceLiveOptions assistant_options{
      .endpoint = fmt::format("http://127.0.0.1:{}", options.assistant_port),
      .api_key = Secret("key-of-the-resource")};
  auto assistant =
      voice_live::make_voice_live_assistant(std::move(services), std::move(assistant_options));
  if (!spool || !assistant) co_return;

  OpenDoors doors;
  Calls calls({.executor = executor,
               .clock = parts.clock,
               .random = random,
               .log = parts.log,
               .counters = parts.counters,
               .assistant = **assistant,
               .spool = **spool});
  acs::MediaRoutesServices route_services{.executor = executor,
                                          .clock = parts.clock,
                                          .log = parts.log,
                                          .counters = parts.counters,
                                          .events = doors,
                                          .arrivals = calls};
  acs::MediaRoutes routes(route_services, {.auth = acs::MediaSocketAuth::secret});
  net::Router router;
  routes.add_routes(router);
  auto server = parts.listen(router);
  if (!server) co_return;
  parts.tell_port((*server)->port());
  co_await parts.ending->wait();
  co_await (*server)->stop(parts.clock.steady_now() + 15s);
  co_await routes.stop();
  co_await (*spool)->flush();
}

}  // namespace

int run_earshot(const ServiceOptions& options) { return run_parts(options, live); }

}  // namespace earshot::bench
