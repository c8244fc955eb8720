// links: net
// URLs, request paths and query strings come from strangers: whatever the bytes, parsing ends, what
// it accepts keeps its promises, and encoding is undone by decoding.
#include "net/router.hpp"
#include "net/url.hpp"
#include "net/websocket.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace earshot;
using namespace earshot::net;

void require(bool holds) {
  if (!holds) std::abort();
}

Task<HttpResponse> never_called(HttpRequest) { co_return HttpResponse(); }

const Router& router() {
  static const Router made = [] {
    Router routes;
    routes.add("GET", "/api/{id}", never_called);
    routes.add("GET", "/files/{rest*}", never_called);
    return routes;
  }();
  return made;
}

void check_url(std::string_view text) {
  const auto url = parse_url(text);
  if (!url) return;
  require(!url->host.empty() && url->port != 0 && url->target.starts_with('/'));
  require(url->host.find_first_of("/?#@\r\n ") == std::string::npos);
  require(url->target.find_first_of("\r\n \0") == std::string::npos);
  const auto again = parse_url(url->text());
  require(again.has_value() && again->host == url->host && again->port == url->port &&
          again->target == url->target);
}

void check_path(std::string_view path) {
  const auto match = router().match("GET", path, false);
  for (const auto& [name, value] : match.parameters) {
    require(value.find('\0') == std::string::npos && value != "..");
    if (name == "rest") require(("/" + value + "/").find("/../") == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_url(text);
  check_path(text);
  require(percent_decode(percent_encode(text)) == text);
  require(percent_decode(percent_encode_path(text)) == text);
  static_cast<void>(percent_decode(text));
  require(parse_query(text).size() <= size + 1);
  static_cast<void>(is_loopback(text));
  return 0;
}
