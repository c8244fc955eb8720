#pragma once
// What one thread has for itself: its HTTP client, tokens, assistant, keys, doors and listener. The
// port is shared by all workers; a call's audio stays where its media socket was accepted.

#include "acs/media_routes.hpp"
#include "acs/webhooks.hpp"
#include "app/config.hpp"
#include "app/service.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/tls.hpp"
#include "ports/assistant.hpp"
#include "ports/token_source.hpp"
#include "voice_live/connect_quota.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace earshot::app {

struct WorkerShared {
  const Config& config;
  Outside& outside;
  std::shared_ptr<net::TlsContext> tls_client;
  std::shared_ptr<net::TlsContext> tls_server;  // none: plain
  voice_live::ConnectQuota& quota;
};

// Not movable: its parts refer to each other.
class Worker {
 public:
  // Makes what needs no doors. `invalid` names the option that is wrong.
  static Result<std::unique_ptr<Worker>> make(WorkerShared shared, Executor& executor);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Opens the doors. `add_routes` adds the API's. Port 0 takes a free one.
  Result<void> listen(CallEvents& events, MediaArrivals& arrivals, std::uint16_t port,
                      const std::function<void(net::Router&)>& add_routes);
  std::uint16_t port() const { return server_->port(); }
  // On this worker.
  Task<void> close(SteadyTime deadline);

  Executor& executor() { return executor_; }
  net::HttpClient& http() { return *http_; }
  TokenSource* tokens() { return tokens_.get(); }
  Assistant& assistant() { return *assistant_; }

 private:
  Worker(WorkerShared shared, Executor& executor);

  WorkerShared shared_;
  Executor& executor_;
  std::unique_ptr<net::HttpClient> http_;
  std::unique_ptr<TokenSource> tokens_;
  std::unique_ptr<Assistant> assistant_;
  std::map<std::string, std::unique_ptr<acs::KeySet>> keys_;  // by where they are announced
  std::unique_ptr<acs::ResourceTokens> acs_tokens_;
  std::unique_ptr<acs::Webhooks> webhooks_;
  std::unique_ptr<acs::MediaRoutes> media_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace earshot::app
