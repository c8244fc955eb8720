#include "base/secret.hpp"

#include <doctest/doctest.h>

using namespace earshot;

TEST_CASE("a secret is printed as stars however it is formatted") {
  const Secret secret("hunter2");
  CHECK(fmt::format("{}", secret) == "***");
  CHECK(fmt::format("{:>5}", secret) == "  ***");
  CHECK(secret.reveal() == "hunter2");
}

TEST_CASE("an empty secret is printed like any other") {
  CHECK(Secret().empty());
  CHECK(fmt::format("{}", Secret()) == "***");
}
