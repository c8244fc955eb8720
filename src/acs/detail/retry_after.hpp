#pragma once
// When the other side wants to be asked again.

#include "base/time.hpp"
#include "net/http_message.hpp"

namespace earshot::acs::detail {

// Of the headers retry-after-ms, x-ms-retry-after-ms (milliseconds) and Retry-After (seconds or a
// date), in milliseconds from `now`; 0: it does not say.
long long retry_after_ms(const net::HttpHeaders& headers, WallTime now);

}  // namespace earshot::acs::detail
