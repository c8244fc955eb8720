#include "bridge/private_time.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::bridge;

TEST_CASE("private time holds from its beginning, and afterwards for what comes late") {
  PrivateTime time;
  CHECK_FALSE(time.contains(5s));
  time.begin(5s);
  CHECK(time.is_on());
  CHECK_FALSE(time.contains(4999ms));
  CHECK(time.contains(5s));
  CHECK(time.contains(1h));
  time.end(8s);
  CHECK_FALSE(time.is_on());
  CHECK(time.contains(7999ms));
  CHECK_FALSE(time.contains(8s));
}

TEST_CASE("begun or ended twice is begun or ended once") {
  PrivateTime time;
  time.end(1s);
  CHECK_FALSE(time.contains(500ms));
  time.begin(2s);
  time.begin(3s);
  time.end(4s);
  time.end(9s);
  CHECK(time.contains(2500ms));
  CHECK_FALSE(time.contains(5s));
}

TEST_CASE("what touches private time is told where it begins") {
  PrivateTime time;
  time.begin(5s);
  time.end(8s);
  CHECK_FALSE(time.first_in(1s, 4s).has_value());
  CHECK_FALSE(time.first_in(8s, 9s).has_value());
  CHECK(time.first_in(1s, 6s) == Duration(5s));
  CHECK(time.first_in(6s, 20s) == Duration(6s));
  time.begin(10s);
  CHECK_FALSE(time.first_in(8s, 9s).has_value());
  CHECK(time.first_in(9s, 11s) == Duration(10s));
  CHECK(time.first_in(12s, 13s) == Duration(12s));
}

TEST_CASE("of many stretches the newest are remembered") {
  PrivateTime time;
  for (int i = 0; i < 100; ++i) {
    time.begin(Duration(10s) * i);
    time.end(Duration(10s) * i + 5s);
  }
  CHECK(time.contains(Duration(10s) * 99 + 1s));
  CHECK(time.contains(Duration(10s) * 36 + 1s));
  CHECK_FALSE(time.contains(1s));
}
