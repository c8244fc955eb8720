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

TEST_CASE("connections have half of the descriptors, shared by the workers, within bounds") {
  using earshot::app::connections_per_worker;
  CHECK(connections_per_worker(4096, 2) == 1024);
  CHECK(connections_per_worker(1'000'000, 1) == 10'000);
  CHECK(connections_per_worker(64, 8) == 64);
  CHECK(connections_per_worker(4096, 0) == 2048);
}
