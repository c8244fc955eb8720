#pragma once
// The doors for ACS's media sockets: /ws/{contextId}?k=…, and bare /ws, where the header
// x-ms-call-correlation-id names the call. One for each executor.

#include "acs/media_socket.hpp"
#include "acs/resource_tokens.hpp"
#include "net/router.hpp"
#include "ports/call_events.hpp"

namespace earshot::acs {

enum class MediaSocketAuth {
  token_and_secret,  // the JWT of the call's ACS resource and the call's ?k=
  token,
  secret,
  none,  // a local test only
};

struct MediaRoutesOptions {
  MediaSocketAuth auth = MediaSocketAuth::token_and_secret;
  MediaSocketOptions socket;
};

// Given at construction, outlive the routes and the router.
struct MediaRoutesServices {
  Executor& executor;
  Clock& clock;
  Log& log;
  Counters& counters;
  CallEvents& events;
  MediaArrivals& arrivals;
  ResourceTokens* tokens = nullptr;  // needed when the token is
};

class MediaRoutes {
 public:
  MediaRoutes(MediaRoutesServices services, MediaRoutesOptions options);
  void add_routes(net::Router& router);
  // Waits for what watches over young sockets; once the server has stopped.
  Task<void> stop();

 private:
  Task<std::optional<net::HttpResponse>> gate(ContextId call, std::string correlation,
                                              std::string key, std::string authorization,
                                              std::string peer);
  Task<Result<void>> admit(ContextId call, std::string correlation, std::string key,
                           std::string authorization);
  Task<Result<ContextId>> find_call(ContextId call, std::string correlation);
  Task<void> opened(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket);

  MediaRoutesServices services_;
  MediaRoutesOptions options_;
  MediaSocketCounters counters_;
  Counter& refused_;
  TaskGroup watchers_;
};

}  // namespace earshot::acs
