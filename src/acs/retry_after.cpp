#include "acs/detail/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace earshot::acs::detail {

// The milliseconds are what Azure's own clients honour too.
long long retry_after_ms(const net::HttpHeaders& headers, WallTime now) {
  for (const auto* name : {"retry-after-ms", "x-ms-retry-after-ms", "retry-after"}) {
    const auto text = headers.get(name);
    if (text.empty()) continue;
    long long number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) {
      const bool in_seconds = std::string_view(name) == "retry-after";
      return std::clamp(number, 0LL, 86'400LL * 1000) * (in_seconds ? 1000 : 1);
    }
    if (const auto date = parse_http_date(text))
      return std::max(0LL, to_unix_ms(*date) - to_unix_ms(now));
  }
  return 0;
}

}  // namespace earshot::acs::detail
