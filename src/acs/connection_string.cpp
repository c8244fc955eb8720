#include "acs/connection_string.hpp"

#include "base/base64.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace earshot::acs {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

}  // namespace

Result<std::string> parse_endpoint(std::string_view text) {
  auto url = net::parse_url(text);
  if (!url) return fail("ACS endpoint", url.error());
  if (url->scheme != "https" && !(url->scheme == "http" && net::is_loopback(url->host)))
    return fail(ErrorKind::invalid, "ACS endpoint: must be https (http is for loopback only)");
  if (url->target != "/" || !url->user_info.empty())
    return fail(ErrorKind::invalid, "ACS endpoint: must be a host without path, query or user");
  return fmt::format("{}://{}", url->scheme, url->authority());
}

Result<ConnectionString> parse_connection_string(std::string_view text) {
  std::string endpoint;
  std::string key;
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = lower(part.substr(0, equals));
    const auto value = part.substr(equals + 1);  // a key ends in "=" itself
    if (name == "endpoint") endpoint = value;
    if (name == "accesskey") key = value;
  }
  if (endpoint.empty())
    return fail(ErrorKind::invalid, "ACS connection string: endpoint= is missing");
  if (key.empty()) return fail(ErrorKind::invalid, "ACS connection string: accesskey= is missing");
  auto parsed = parse_endpoint(endpoint);
  if (!parsed) return fail("ACS connection string", parsed.error());
  const auto bytes = base64::decode(key);
  if (!bytes || bytes->empty())
    return fail(ErrorKind::invalid, "ACS connection string: accesskey is not base64");
  return ConnectionString{.endpoint = std::move(*parsed), .access_key = Secret(std::move(key))};
}

}  // namespace earshot::acs
