#include "acs/webhooks.hpp"

#include "acs/detail/plain_id.hpp"
#include "acs/event_decoder.hpp"
#include "base/crypto.hpp"
#include "base/invariant.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <fmt/format.h>

namespace earshot::acs {

namespace json = boost::json;
using detail::is_plain_id;

namespace {

constexpr std::size_t rejections_shown_max = 20;

std::string_view name_of(EventDoor door) {
  switch (door) {
    case EventDoor::event_grid:
      return "event_grid";
    case EventDoor::call_callback:
      return "call";
    case EventDoor::recording_callback:
      return "recording";
  }
  return "unknown";
}

net::HttpResponse error_response(int status, std::string_view code, const std::string& message) {
  return net::problem_response(status, code, message);
}

json::array describe(const std::vector<RejectedEvent>& rejected) {
  json::array list;
  for (const auto& event : rejected) {
    if (list.size() >= rejections_shown_max) break;
    list.push_back(json::object{{"index", event.index}, {"reason", event.reason}});
  }
  return list;
}

// Only what a DNS name may hold goes back into a header.
bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-';
  });
}

}  // namespace

Webhooks::Webhooks(CallEvents& events, ResourceTokens* tokens, Log& log, Counters& counters,
                   WebhookOptions options)
    : events_(events),
      tokens_(tokens),
      log_(log),
      counters_(counters),
      options_(std::move(options)) {
  CHECK_INVARIANT(tokens_ || options_.allow_unauthenticated_callbacks,
                  "locked callbacks have a token verifier");
}

void Webhooks::add_routes(net::Router& router) {
  const net::RouteOptions limits{.body_bytes_max = options_.body_bytes_max};
  router.add(
      "POST", "/api/incomingCall",
      [this](net::HttpRequest request) { return incoming_call(std::move(request)); }, limits);
  router.add("OPTIONS", "/api/incomingCall",
             [this](net::HttpRequest request) { return handshake(std::move(request)); });
  router.add(
      "POST", "/api/callbacks/{contextId}",
      [this](net::HttpRequest request) {
        ContextId call{std::string(request.path_parameter("contextId"))};
        return callback(std::move(request), EventDoor::call_callback, std::move(call));
      },
      limits);
  router.add(
      "POST", "/api/callbacks",
      [this](net::HttpRequest request) {
        ContextId call{request.query("c").value_or("")};
        return callback(std::move(request), EventDoor::recording_callback, std::move(call));
      },
      limits);
  const auto present = [](net::HttpRequest) -> Task<net::HttpResponse> {
    co_return net::json_response(200, R"({"status":"ok"})");
  };
  router.add("GET", "/api/callbacks", present);
  router.add("GET", "/api/callbacks/{contextId}", present);
}

void Webhooks::count(std::string_view door, std::string_view outcome) {
  counters_
      .counter("earshot_acs_webhooks_total", "requests at the doors of ACS and Event Grid",
               {{"door", std::string(door)}, {"outcome", std::string(outcome)}})
      .add();
}

net::HttpResponse Webhooks::refuse(std::string_view door, const net::HttpRequest& request,
                                   const Error& error) {
  if (error.kind == ErrorKind::unavailable) {
    count(door, "unavailable");
    log_.error("webhook not taken",
               {{"door", door}, {"peer", request.peer}, {"what", error.message}});
    auto response = error_response(503, "unavailable", "try again later");
    response.headers.set("Retry-After", "5");
    return response;
  }
  count(door, "refused");
  log_.warn("webhook refused", {{"door", door}, {"peer", request.peer}, {"why", error.message}});
  return error_response(401, "refused", "not authorised");
}

bool Webhooks::knows_secret(const net::HttpRequest& request) const {
  const std::string candidates[] = {request.query("secret").value_or(""),
                                    request.query("code").value_or(""),
                                    std::string(request.headers.get("X-Event-Grid-Secret"))};
  bool known = false;
  // Every pair is compared, so that the time tells nothing about which one was nearly right.
  for (const auto& candidate : candidates)
    for (const auto& secret : options_.event_grid_secrets)
      if (crypto::constant_time_equal(candidate, secret.reveal()) && !secret.empty()) known = true;
  return known;
}

Task<net::HttpResponse> Webhooks::incoming_call(net::HttpRequest request) {
  if (!knows_secret(request))
    co_return refuse("event_grid", request,
                     Error{.kind = ErrorKind::refused, .message = "wrong or no Event Grid secret"});
  co_return co_await take(std::move(request), EventDoor::event_grid, ContextId{});
}

Task<net::HttpResponse> Webhooks::handshake(net::HttpRequest request) {
  if (!knows_secret(request))
    co_return refuse("event_grid", request,
                     Error{.kind = ErrorKind::refused, .message = "wrong or no Event Grid secret"});
  const auto origin = request.headers.get("WebHook-Request-Origin");
  if (!is_host_name(origin))
    co_return error_response(400, "invalid", "WebHook-Request-Origin is missing or no host name");
  net::HttpResponse response;
  response.headers.add("WebHook-Allowed-Origin", std::string(origin));
  const auto rate = request.headers.get("WebHook-Request-Rate");
  unsigned per_minute = 0;
  const auto parsed = std::from_chars(rate.data(), rate.data() + rate.size(), per_minute);
  if (parsed.ec == std::errc() && parsed.ptr == rate.data() + rate.size() && per_minute > 0)
    response.headers.add("WebHook-Allowed-Rate", std::to_string(per_minute));
  log_.info("Event Grid subscription confirmed", {{"schema", "CloudEvents"}, {"origin", origin}});
  co_return response;
}

Task<net::HttpResponse> Webhooks::callback(net::HttpRequest request, EventDoor door,
                                           ContextId call) {
  if (!options_.allow_unauthenticated_callbacks) {
    auto admitted = co_await admit(std::string(request.headers.get("Authorization")), call,
                                   request.query("k").value_or(""));
    if (!admitted) co_return refuse(name_of(door), request, admitted.error());
  } else if (!call.empty() && !is_plain_id(call.text)) {
    co_return error_response(400, "invalid", "this is no call's address");
  }
  co_return co_await take(std::move(request), door, std::move(call));
}

Task<Result<void>> Webhooks::admit(std::string authorization, ContextId call, std::string key) {
  if (!is_plain_id(call.text) || key.empty())
    co_return fail(ErrorKind::refused, "the address names no call or has no key");
  auto owners = co_await tokens_->verify(bearer_token(authorization));
  if (!owners) co_return Failure(owners.error());
  auto opened = co_await events_.check_link(call, std::move(key));
  if (opened) {
    auto resource = co_await events_.resource_of(std::move(call));
    if (resource && owners->own(*resource)) co_return ok();
    opened = resource ? fail(ErrorKind::refused, "the token is of another resource than the call")
                      : Failure(resource.error());
  }
  // A call that is not there and a wrong key look the same from outside.
  const bool is_refused =
      opened.error().kind == ErrorKind::not_found || opened.error().kind == ErrorKind::refused;
  const auto kind = is_refused ? ErrorKind::refused : ErrorKind::unavailable;
  co_return fail(kind, opened.error().message);
}

Task<net::HttpResponse> Webhooks::take(net::HttpRequest request, EventDoor door, ContextId call) {
  auto decoded = decode_events(request.body, door, call);
  if (!decoded) {
    count(name_of(door), "invalid");
    log_.warn("webhook not understood",
              {{"door", name_of(door)}, {"call", call.text}, {"what", decoded.error().message}});
    co_return error_response(400, "invalid", decoded.error().message);
  }
  for (const auto& rejected : decoded->rejected)
    log_.warn("event rejected", {{"door", name_of(door)},
                                 {"call", call.text},
                                 {"index", rejected.index},
                                 {"why", rejected.reason}});
  if (decoded->at_wrong_door > 0)
    log_.warn("event at the wrong door",
              {{"door", name_of(door)}, {"call", call.text}, {"events", decoded->at_wrong_door}});
  json::object reply;
  if (!decoded->rejected.empty()) reply["rejected"] = describe(decoded->rejected);
  if (decoded->events.empty() && !decoded->validation_code && !decoded->rejected.empty()) {
    count(name_of(door), "invalid");
    co_return error_response(400, "invalid",
                             fmt::format("event {}: {}", decoded->rejected.front().index,
                                         decoded->rejected.front().reason));
  }
  if (!decoded->events.empty()) {
    auto accepted = co_await events_.accept(std::move(decoded->events));
    if (!accepted) {
      Error error{.kind = ErrorKind::unavailable, .message = accepted.error().message};
      co_return refuse(name_of(door), request, error);
    }
    const auto number_of = [&](Accepted what) { return std::ranges::count(*accepted, what); };
    reply["stored"] = number_of(Accepted::stored);
    reply["duplicate"] = number_of(Accepted::duplicate);
    reply["unknownCall"] = number_of(Accepted::unknown_call);
  }
  if (decoded->validation_code) {
    reply["validationResponse"] = *decoded->validation_code;
    log_.info("Event Grid subscription confirmed", {{"schema", "Event Grid"}});
  }
  count(name_of(door), "taken");
  co_return net::json_response(200, json::serialize(reply));
}

}  // namespace earshot::acs
