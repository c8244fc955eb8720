#include "net/retry_after.hpp"

#include <algorithm>
#include <charconv>

namespace earshot::net {
namespace {

// What is too large to be counted is as good as the bound.
std::optional<Duration> parse_count(std::string_view text, Duration unit) {
  long long count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range && !text.starts_with('-')) return retry_after_max;
  if (error != std::errc{} || count < 0) return std::nullopt;
  return unit * std::min<long long>(count, retry_after_max / unit);
}

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view text, WallTime now) {
  if (const auto seconds = parse_count(text, 1s)) return seconds;
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp<Duration>(*date - now, Duration::zero(), retry_after_max);
}

Duration retry_after_of(const HttpHeaders& headers, WallTime now) {
  for (const auto* name : {"retry-after-ms", "x-ms-retry-after-ms"})
    if (const auto wait = parse_count(headers.get(name), 1ms)) return *wait;
  return parse_retry_after(headers.get("Retry-After"), now).value_or(Duration::zero());
}

}  // namespace earshot::net
