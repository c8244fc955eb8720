#pragma once
// When the other side of a request wants to be asked again.

#include "base/time.hpp"
#include "net/http_message.hpp"

#include <optional>
#include <string_view>

namespace earshot::net {

// Nobody is waited for longer, whatever it says.
inline constexpr Duration retry_after_max = std::chrono::hours(24);

// Retry-After in seconds or as a date (RFC 9110, 10.2.3), from `now`, retry_after_max at most;
// nullopt: none, or nonsense.
std::optional<Duration> parse_retry_after(std::string_view text, WallTime now);

// Of the headers retry-after-ms, x-ms-retry-after-ms (milliseconds: Azure's own clients honour
// them too) and Retry-After the first that says something; zero: none does.
Duration retry_after_of(const HttpHeaders& headers, WallTime now);

}  // namespace earshot::net
