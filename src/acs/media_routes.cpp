#include "acs/media_routes.hpp"

#include "acs/detail/plain_id.hpp"
#include "base/invariant.hpp"

namespace earshot::acs {

namespace {

bool needs_token(MediaSocketAuth auth) {
  return auth == MediaSocketAuth::token_and_secret || auth == MediaSocketAuth::token;
}
bool needs_secret(MediaSocketAuth auth) {
  return auth == MediaSocketAuth::token_and_secret || auth == MediaSocketAuth::secret;
}

}  // namespace

MediaRoutes::MediaRoutes(MediaRoutesServices services, MediaRoutesOptions options)
    : services_(services),
      options_(options),
      counters_(services.counters),
      refused_(services.counters.counter("earshot_acs_media_sockets_refused_total",
                                         "media sockets refused at the door")),
      watchers_(services.executor, services.clock, services.log, "media sockets") {
  CHECK_INVARIANT(services_.tokens || !needs_token(options_.auth),
                  "media sockets with tokens have a token verifier");
}

void MediaRoutes::add_routes(net::Router& router) {
  const auto gate_of = [this](const net::HttpRequest& request) {
    return gate(ContextId{std::string(request.path_parameter("contextId"))},
                std::string(request.headers.get("x-ms-call-correlation-id")),
                request.query("k").value_or(""), std::string(request.headers.get("Authorization")),
                request.peer);
  };
  const auto handler = [this](net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) {
    return opened(std::move(request), std::move(socket));
  };
  router.add_websocket("/ws/{contextId}", gate_of, handler);
  router.add_websocket("/ws", gate_of, handler);
}

Task<void> MediaRoutes::stop() { co_await watchers_.join(); }

Task<Result<ContextId>> MediaRoutes::find_call(ContextId call, std::string correlation) {
  if (!call.empty()) {
    if (!detail::is_plain_id(call.text))
      co_return fail(ErrorKind::refused, "the path names no call");
    co_return call;
  }
  if (correlation.empty())
    co_return fail(ErrorKind::refused, "neither path nor x-ms-call-correlation-id names a call");
  co_return co_await services_.events.find_by_correlation(CorrelationId{std::move(correlation)});
}

Task<Result<void>> MediaRoutes::admit(ContextId call, std::string correlation, std::string key,
                                      std::string authorization) {
  if (needs_secret(options_.auth) && key.empty())
    co_return fail(ErrorKind::refused, "the address has no key");
  std::optional<TokenOwners> owners;
  if (needs_token(options_.auth)) {
    auto verified = co_await services_.tokens->verify(bearer_token(authorization));
    if (!verified) co_return Failure(verified.error());
    owners = std::move(*verified);
  }
  auto found = co_await find_call(std::move(call), std::move(correlation));
  if (!found) co_return Failure(found.error());
  if (needs_secret(options_.auth)) {
    auto opened = co_await services_.events.check_link(*found, std::move(key));
    if (!opened) co_return opened;
  }
  if (!owners) co_return ok();
  auto resource = co_await services_.events.resource_of(std::move(*found));
  if (!resource) co_return Failure(resource.error());
  if (!owners->own(*resource))
    co_return fail(ErrorKind::refused, "the token is of another resource than the call");
  co_return ok();
}

Task<std::optional<net::HttpResponse>> MediaRoutes::gate(ContextId call, std::string correlation,
                                                         std::string key, std::string authorization,
                                                         std::string peer) {
  auto admitted = co_await admit(std::move(call), std::move(correlation), std::move(key),
                                 std::move(authorization));
  if (admitted) co_return std::nullopt;
  refused_.add();
  const auto kind = admitted.error().kind;
  const bool ours = kind != ErrorKind::refused && kind != ErrorKind::not_found;
  services_.log.warn(ours ? "media socket not taken" : "media socket refused",
                     {{"peer", peer}, {"why", admitted.error().message}});
  if (ours) {
    auto response = net::problem_response(
        503, "unavailable", "whether the socket belongs to a call cannot be told now: try again");
    response.headers.set("Retry-After", "1");
    co_return response;
  }
  // Not what was wrong: whoever guesses learns nothing.
  co_return net::problem_response(
      401, "refused", "the socket is refused: its token, its key or its call is not right");
}

Task<void> MediaRoutes::opened(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) {
  auto call = co_await find_call(ContextId{std::string(request.path_parameter("contextId"))},
                                 std::string(request.headers.get("x-ms-call-correlation-id")));
  if (!call) {
    co_await socket->close(1008, "no such call");
    co_return;
  }
  auto audio = co_await open_media_socket(std::move(socket), services_.clock, watchers_, counters_,
                                          options_.socket);
  if (!audio) {
    services_.log.warn("media socket rejected",
                       {{"call", call->text}, {"why", audio.error().message}});
    co_return;
  }
  const auto format = (*audio)->format();
  services_.log.info("media socket opened",
                     {{"call", call->text}, {"rate", format.sample_rate_hz}});
  co_await services_.arrivals.arrived(std::move(*call), std::move(*audio), services_.executor);
}

}  // namespace earshot::acs
