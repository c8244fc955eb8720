#include "api/access.hpp"

#include "api/problem.hpp"
#include "base/crypto.hpp"

#include <algorithm>

namespace earshot::api {
namespace {

Task<net::HttpResponse> refuse() {
  net::HttpResponse response =
      problem(401, "unauthenticated", "bring the API key: Authorization: Bearer <EARSHOT_API_KEY>");
  response.headers.set("WWW-Authenticate", "Bearer realm=\"earshot\"");
  co_return response;
}

Task<net::HttpResponse> refuse_link(Error error) {
  co_return problem(403, error.code, error.message);
}

// RFC 9110, 11.1: a scheme is the same in upper and lower case.
bool is_bearer(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  return std::ranges::equal(authorization.substr(0, scheme.size()), scheme, {}, [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
}

}  // namespace

Access::Access(Secret api_key, Counters& counters)
    : api_key_(std::move(api_key)),
      refused_(counters.counter("earshot_api_refused_total", "API requests without a good key")) {}

bool Access::allows(const net::HttpRequest& request) const {
  if (api_key_.empty()) return false;
  std::string_view brought = request.headers.get("x-api-key");
  const std::string_view authorization = request.headers.get("authorization");
  if (brought.empty() && is_bearer(authorization)) brought = authorization.substr(7);
  return crypto::constant_time_equal(brought, api_key_.reveal());
}

net::HttpHandler Access::guard(net::HttpHandler handler) const {
  return [this, handler = std::move(handler)](net::HttpRequest request) {
    if (allows(request)) return handler(std::move(request));
    refused_.add();
    return refuse();
  };
}

net::HttpHandler Access::guard(net::HttpHandler handler, const SignedLinks* links) const {
  if (links == nullptr) return guard(std::move(handler));
  return [this, links, handler = std::move(handler)](net::HttpRequest request) {
    if (allows(request)) return handler(std::move(request));
    if (!SignedLinks::is_link(request)) {
      refused_.add();
      return refuse();
    }
    auto good = links->check(request);
    return good ? handler(std::move(request)) : refuse_link(good.error());
  };
}

}  // namespace earshot::api
