#pragma once
// The HTTP doors that ACS and Event Grid knock on:
//   POST    /api/incomingCall            Event Grid (its secret; both schemas, both handshakes)
//   OPTIONS /api/incomingCall            CloudEvents' handshake
//   POST    /api/callbacks/{contextId}   a call's events (its resource's JWT and the call's ?k=)
//   POST    /api/callbacks               recording state (JWT; ?c= names the call and ?k= opens it)
//   GET     /api/callbacks[/…]           200, for people who look whether the door is there
//
// Answers: 200 only once the events are durable (duplicates and events of unknown calls too); 400
// with {"error":{"code","message"}} for what can never be read; 401 for a wrong key; 503 for any
// fault of ours, because neither sender comes back after 400, 401, 403 or 413.

#include "acs/resource_tokens.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "net/router.hpp"
#include "ports/call_events.hpp"

#include <string>
#include <vector>

namespace earshot::acs {

struct WebhookOptions {
  // Any of them opens Event Grid's door: ?secret=, ?code= or the header X-Event-Grid-Secret. None:
  // the door stays shut.
  std::vector<Secret> event_grid_secrets;
  // Callbacks need neither token nor key: a local test only.
  bool allow_unauthenticated_callbacks = false;
  std::size_t body_bytes_max = 1 << 20;
};

class Webhooks {
 public:
  // What is passed outlives this and the router. `tokens` may be null only when callbacks are
  // unauthenticated. One for each executor.
  Webhooks(CallEvents& events, ResourceTokens* tokens, Log& log, Counters& counters,
           WebhookOptions options);
  void add_routes(net::Router& router);

 private:
  Task<net::HttpResponse> incoming_call(net::HttpRequest request);
  Task<net::HttpResponse> handshake(net::HttpRequest request);
  Task<net::HttpResponse> callback(net::HttpRequest request, EventDoor door, ContextId call);
  Task<Result<void>> admit(std::string authorization, ContextId call, std::string key);
  Task<net::HttpResponse> take(net::HttpRequest request, EventDoor door, ContextId call);
  bool knows_secret(const net::HttpRequest& request) const;
  net::HttpResponse refuse(std::string_view door, const net::HttpRequest& request,
                           const Error& error);
  void count(std::string_view door, std::string_view outcome);

  CallEvents& events_;
  ResourceTokens* tokens_;
  Log& log_;
  Counters& counters_;
  WebhookOptions options_;
};

}  // namespace earshot::acs
