#pragma once
// What an answer of the Blob service means to a caller. Pure.

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http_client.hpp"

#include <string_view>

namespace earshot::blob::detail {

// For a reply that is no success.
Error error_of(std::string_view doing, const net::HttpReply& reply, WallTime now);
std::string unquoted(std::string_view etag);

}  // namespace earshot::blob::detail
