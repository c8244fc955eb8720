#include "net/retry_after.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::net;

namespace {

const WallTime noon = *parse_http_date("Mon, 02 Mar 2026 12:00:00 GMT");

Duration asked(const char* name, const char* value, const char* seconds = "") {
  HttpHeaders headers;
  headers.set(name, value);
  headers.set("Retry-After", seconds);
  return retry_after_of(headers, noon);
}

}  // namespace

TEST_CASE("Retry-After is read as seconds and as a date, within a bound") {
  CHECK(parse_retry_after("120", noon) == Duration(2min));
  CHECK(parse_retry_after("0", noon) == Duration(0));
  CHECK(parse_retry_after("99999999", noon) == Duration(24h));
  CHECK(parse_retry_after("99999999999999999999999", noon) == Duration(24h));
  CHECK(parse_retry_after("Mon, 02 Mar 2026 12:01:30 GMT", noon) == Duration(90s));
  CHECK(parse_retry_after("Mon, 02 Mar 2020 12:01:30 GMT", noon) == Duration(0));
  CHECK(parse_retry_after("Mon, 02 Mar 2099 12:01:30 GMT", noon) == Duration(24h));
  for (const char* nonsense : {"", "-5", "soon", "5 s", "-99999999999999999999999"})
    CHECK_FALSE(parse_retry_after(nonsense, noon).has_value());
}

TEST_CASE("milliseconds in a header of Azure's own come before seconds") {
  CHECK(asked("retry-after-ms", "250", "3") == Duration(250ms));
  CHECK(asked("X-Ms-Retry-After-Ms", "250", "3") == Duration(250ms));
  CHECK(asked("x-ms-retry-after-ms", "99999999999999999999", "3") == Duration(24h));
}

TEST_CASE("nonsense in one header leaves the next one its say") {
  CHECK(asked("retry-after-ms", "soon", "3") == Duration(3s));
  CHECK(asked("retry-after-ms", "-1", "3") == Duration(3s));
  CHECK(retry_after_of(HttpHeaders{}, noon) == Duration(0));
}
