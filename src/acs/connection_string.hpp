#pragma once
// What names an ACS resource: its endpoint and, unless Entra ID is used, its access key.

#include "base/secret.hpp"
#include "base/task.hpp"

#include <string>
#include <string_view>

namespace earshot::acs {

struct ConnectionString {
  std::string endpoint;  // scheme://host[:port], no path and no trailing slash
  Secret access_key;     // base64, as given; decodes to at least one byte
};

// "endpoint=https://<resource>.communication.azure.com/;accesskey=<base64>", keys in any order and
// any case. `invalid` says which part is wrong, never the key itself.
Result<ConnectionString> parse_connection_string(std::string_view text);

// The endpoint alone. https, or http for loopback; the path must be empty or "/".
Result<std::string> parse_endpoint(std::string_view text);

}  // namespace earshot::acs
