#pragma once
// Two clocks, two types: subtracting a wall time from a steady time does not compile.
// WallTime is UTC with microseconds: what is written down. SteadyTime is for waiting and for audio.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace earshot {

using namespace std::chrono_literals;
using Duration = std::chrono::microseconds;

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

struct SteadyClockTag {
  using rep = long long;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<SteadyClockTag>;
  static constexpr bool is_steady = true;
};
using SteadyTime = SteadyClockTag::time_point;

// "2026-03-02T09:15:33.001234Z": always UTC, always six digits, so that text order is time order.
std::string to_iso8601(WallTime time);
// Accepts 0 to 9 fractional digits and Z or ±hh:mm, as ACS and Event Grid send them.
std::optional<WallTime> parse_iso8601(std::string_view text);
// "Mon, 02 Mar 2026 09:15:30 GMT" (RFC 1123, English whatever the locale).
std::string to_http_date(WallTime time);
std::optional<WallTime> parse_http_date(std::string_view text);
// "20260302": the date folder of a recording.
std::string to_compact_date(WallTime time);
// Milliseconds since 1970, as stored.
long long to_unix_ms(WallTime time);
WallTime from_unix_ms(long long ms);
long long to_unix_us(WallTime time);
WallTime from_unix_us(long long us);

}  // namespace earshot
