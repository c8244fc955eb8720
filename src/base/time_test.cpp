#include "base/time.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <type_traits>

using namespace earshot;

namespace {

WallTime at(int year, int month, int day, Duration time_of_day) {
  using namespace std::chrono;
  return WallTime(sys_days(std::chrono::year(year) / month / day)) + time_of_day;
}

const WallTime march_second = at(2026, 3, 2, 9h + 15min + 33s + 1234us);

template <class A, class B>
concept Subtractable = requires(A a, B b) { a - b; };

}  // namespace

static_assert(!Subtractable<WallTime, SteadyTime>, "the two clocks must not mix");
static_assert(Subtractable<SteadyTime, SteadyTime>);

TEST_CASE("a time is written in UTC with six digits") {
  CHECK(to_iso8601(march_second) == "2026-03-02T09:15:33.001234Z");
  CHECK(to_iso8601(at(2026, 12, 31, 0us)) == "2026-12-31T00:00:00.000000Z");
  CHECK(to_iso8601(at(1969, 12, 31, 23h + 59min + 59s + 999999us)) ==
        "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("text order of written times is time order") {
  const auto earlier = to_iso8601(march_second);
  const auto later = to_iso8601(march_second + 1us);
  CHECK(earlier < later);
  CHECK(earlier.size() == later.size());
}

TEST_CASE("a time is read with any number of digits from none to nine") {
  CHECK(parse_iso8601("2026-03-02T09:15:33Z") == at(2026, 3, 2, 9h + 15min + 33s));
  CHECK(parse_iso8601("2026-03-02T09:15:33.5Z") == at(2026, 3, 2, 9h + 15min + 33s + 500ms));
  CHECK(parse_iso8601("2026-03-02T09:15:33.001234Z") == march_second);
  CHECK(parse_iso8601("2026-03-02T09:15:33.0012349Z") == march_second);
  CHECK(parse_iso8601("2026-03-02T09:15:33.001234999Z") == march_second);
}

TEST_CASE("a time with an offset is turned to UTC") {
  CHECK(parse_iso8601("2026-03-02T10:15:33.001234+01:00") == march_second);
  CHECK(parse_iso8601("2026-03-02T03:45:33.001234-05:30") == march_second);
  CHECK(parse_iso8601("2026-03-01T23:00:00-02:00") == at(2026, 3, 2, 1h));
  CHECK(parse_iso8601("2026-03-02T09:15:33.001234+00:00") == march_second);
}

TEST_CASE("every written time is read back") {
  for (const long long us : {0LL, -1LL, 1LL, 951'782'400'000'000LL, 4'102'444'799'999'999LL}) {
    const WallTime time = from_unix_us(us);
    CHECK(parse_iso8601(to_iso8601(time)) == time);
  }
}

TEST_CASE("what is not a time is refused") {
  for (const char* text : {"",
                           "2026",
                           "2026-03-02",
                           "2026-03-02T09:15:33",
                           "2026-03-02T09:15:33.Z",
                           "2026-03-02T09:15:33.0123456789Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-03-00T00:00:00Z",
                           "2026-03-02T24:00:00Z",
                           "2026-03-02T09:60:00Z",
                           "2026-03-02T09:15:61Z",
                           "2026-03-02T09:15:33Zx",
                           "2026-03-02T09:15:33+1:00",
                           "2026-03-02T09:15:33+24:00",
                           "2026-03-02T09:15:33+01",
                           " 2026-03-02T09:15:33Z",
                           "-026-03-02T09:15:33Z",
                           "2026-03-02T09:15:33.+1Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_iso8601(text).has_value());
  }
}

TEST_CASE("the leap day and the leap second are times") {
  CHECK(parse_iso8601("2028-02-29T00:00:00Z") == at(2028, 2, 29, 0us));
  CHECK(parse_iso8601("2016-12-31T23:59:60Z") == at(2017, 1, 1, 0us));
}

TEST_CASE("an HTTP date is English and has no fraction") {
  CHECK(to_http_date(march_second) == "Mon, 02 Mar 2026 09:15:33 GMT");
  CHECK(to_http_date(at(1994, 11, 6, 8h + 49min + 37s)) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("an HTTP date is read back") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == at(1994, 11, 6, 8h + 49min + 37s));
}

TEST_CASE("an HTTP date in another form or with the wrong weekday is refused") {
  for (const char* text :
       {"", "Mon, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 31 Feb 2026 08:49:37 GMT"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_http_date(text).has_value());
  }
}

TEST_CASE("the compact date is the UTC day") {
  CHECK(to_compact_date(march_second) == "20260302");
  CHECK(to_compact_date(at(2026, 3, 2, 0us) - 1us) == "20260301");
}

TEST_CASE("milliseconds before 1970 round down like the others") {
  CHECK(to_unix_ms(from_unix_us(-1)) == -1);
  CHECK(to_unix_ms(from_unix_us(1999)) == 1);
  CHECK(to_unix_us(from_unix_ms(12)) == 12'000);
}
