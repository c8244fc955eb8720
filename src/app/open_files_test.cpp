#include "app/open_files.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

TEST_CASE("the soft limit of open files is raised to the hard one") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE(before.rlim_max > 64);
  rlimit low = before;
  low.rlim_cur = 64;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);

  const auto holds = earshot::app::raise_open_files_limit();

  rlimit after{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &after) == 0);
  CHECK(after.rlim_cur == before.rlim_max);
  CHECK(holds == before.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &before);
}
