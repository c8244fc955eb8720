#pragma once
// URLs over Boost.URL, and percent-encoding.

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace earshot::net {

struct Url {
  std::string scheme;      // lower case: http, https, ws, wss
  std::string host;        // lower case, without brackets for IPv6
  std::uint16_t port = 0;  // filled in from the scheme when absent
  bool port_given = false;
  std::string target;  // path and query as written; "/" when empty
  std::string user_info;

  bool is_tls() const { return scheme == "https" || scheme == "wss"; }
  // host[:port], the port only when it is not the scheme's own: the Host header.
  std::string authority() const;
  // scheme://authority + target
  std::string text() const;
};

// `invalid` says what is wrong. Only http, https, ws, wss.
Result<Url> parse_url(std::string_view text);
// 127.0.0.0/8, ::1, localhost.
bool is_loopback(std::string_view host);

// Everything but A-Z a-z 0-9 - . _ ~ becomes %XX (upper case).
std::string percent_encode(std::string_view text);
// The same, but / stays: for blob names.
std::string percent_encode_path(std::string_view text);
std::optional<std::string> percent_decode(std::string_view text);
// Decoded pairs of a query string, in order; + is a space.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

}  // namespace earshot::net
