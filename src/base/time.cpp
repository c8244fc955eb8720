#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <fmt/format.h>

namespace earshot {
namespace {

constexpr std::array<std::string_view, 7> day_names = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes a text apart from the left. After the first mismatch `failed` stays true.
struct Scanner {
  std::string_view rest;
  bool failed = false;

  bool at_digit() const { return !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; }

  int digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
      if (failed || !at_digit()) {
        failed = true;
        return 0;
      }
      value = value * 10 + (rest[0] - '0');
      rest.remove_prefix(1);
    }
    return value;
  }

  // Takes the first character if it is one of `allowed`; '\0' when it is not.
  char one_of(std::string_view allowed) {
    if (failed || rest.empty() || allowed.find(rest[0]) == std::string_view::npos) {
      failed = true;
      return '\0';
    }
    const char taken = rest[0];
    rest.remove_prefix(1);
    return taken;
  }

  void literal(std::string_view expected) {
    if (failed || !rest.starts_with(expected)) {
      failed = true;
      return;
    }
    rest.remove_prefix(expected.size());
  }

  template <std::size_t N>
  unsigned name_of(const std::array<std::string_view, N>& names) {
    for (unsigned i = 0; i < N; ++i)
      if (!failed && rest.starts_with(names[i])) {
        rest.remove_prefix(names[i].size());
        return i;
      }
    failed = true;
    return 0;
  }
};

struct Civil {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::microseconds> time_of_day;
};

Civil civil(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return {std::chrono::year_month_day(day),
          std::chrono::hh_mm_ss<std::chrono::microseconds>(time - day)};
}

// A leap second (:60) is taken as the second after :59; no clock that we meet keeps it apart.
std::optional<WallTime> compose(int year, unsigned month, int day, int hour, int minute,
                                int second) {
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second);
}

// Up to nine digits after the point; what is finer than a microsecond is cut off.
std::optional<std::chrono::microseconds> scan_fraction(Scanner& scan) {
  if (!scan.rest.starts_with('.')) return std::chrono::microseconds(0);
  scan.rest.remove_prefix(1);
  std::int64_t micros = 0;
  int count = 0;
  for (; scan.at_digit(); ++count) {
    const int digit = scan.digits(1);
    if (count < 6) micros = micros * 10 + digit;
  }
  if (count == 0 || count > 9) return std::nullopt;
  for (int i = count; i < 6; ++i) micros *= 10;
  return std::chrono::microseconds(micros);
}

std::optional<std::chrono::minutes> scan_offset(Scanner& scan) {
  const char sign = scan.one_of("Zz+-");
  if (scan.failed) return std::nullopt;
  if (sign == 'Z' || sign == 'z') return std::chrono::minutes(0);
  const int hours = scan.digits(2);
  scan.literal(":");
  const int minutes = scan.digits(2);
  if (scan.failed || hours > 23 || minutes > 59) return std::nullopt;
  const std::chrono::minutes offset(hours * 60 + minutes);
  return sign == '-' ? -offset : offset;
}

}  // namespace

std::string to_iso8601(WallTime time) {
  const Civil at = civil(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(at.date.year()),
                     static_cast<unsigned>(at.date.month()), static_cast<unsigned>(at.date.day()),
                     at.time_of_day.hours().count(), at.time_of_day.minutes().count(),
                     at.time_of_day.seconds().count(), at.time_of_day.subseconds().count());
}

std::optional<WallTime> parse_iso8601(std::string_view text) {
  Scanner scan{text};
  const int year = scan.digits(4);
  scan.literal("-");
  const int month = scan.digits(2);
  scan.literal("-");
  const int day = scan.digits(2);
  scan.one_of("Tt ");
  const int hour = scan.digits(2);
  scan.literal(":");
  const int minute = scan.digits(2);
  scan.literal(":");
  const int second = scan.digits(2);
  if (scan.failed) return std::nullopt;
  const auto fraction = scan_fraction(scan);
  const auto offset = scan_offset(scan);
  if (!fraction || !offset || !scan.rest.empty()) return std::nullopt;
  const auto time = compose(year, static_cast<unsigned>(month), day, hour, minute, second);
  if (!time) return std::nullopt;
  return *time + *fraction - *offset;
}

std::string to_http_date(WallTime time) {
  const Civil at = civil(time);
  const std::chrono::weekday weekday(std::chrono::sys_days(at.date));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", day_names[weekday.c_encoding()],
                     static_cast<unsigned>(at.date.day()),
                     month_names[static_cast<unsigned>(at.date.month()) - 1],
                     static_cast<int>(at.date.year()), at.time_of_day.hours().count(),
                     at.time_of_day.minutes().count(), at.time_of_day.seconds().count());
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  Scanner scan{text};
  const unsigned weekday = scan.name_of(day_names);
  scan.literal(", ");
  const int day = scan.digits(2);
  scan.literal(" ");
  const unsigned month = scan.name_of(month_names) + 1;
  scan.literal(" ");
  const int year = scan.digits(4);
  scan.literal(" ");
  const int hour = scan.digits(2);
  scan.literal(":");
  const int minute = scan.digits(2);
  scan.literal(":");
  const int second = scan.digits(2);
  scan.literal(" GMT");
  if (scan.failed || !scan.rest.empty()) return std::nullopt;
  const auto time = compose(year, month, day, hour, minute, second);
  if (!time) return std::nullopt;
  // A weekday that contradicts the date means that one of the two is wrong, and nobody can say
  // which.
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (std::chrono::weekday(std::chrono::sys_days(date)).c_encoding() != weekday)
    return std::nullopt;
  return time;
}

std::string to_compact_date(WallTime time) {
  const Civil at = civil(time);
  return fmt::format("{:04}{:02}{:02}", static_cast<int>(at.date.year()),
                     static_cast<unsigned>(at.date.month()), static_cast<unsigned>(at.date.day()));
}

long long to_unix_ms(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

WallTime from_unix_ms(long long ms) { return WallTime(std::chrono::milliseconds(ms)); }

long long to_unix_us(WallTime time) { return time.time_since_epoch().count(); }

WallTime from_unix_us(long long us) { return WallTime(std::chrono::microseconds(us)); }

}  // namespace earshot
