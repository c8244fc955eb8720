#include "cli/table.hpp"

#include <doctest/doctest.h>

using namespace earshot::cli;

TEST_CASE("columns are as wide as their widest cell and numbers stand to the right") {
  const std::string table =
      format_table({{"call"}, {"seconds", true}}, {{"a", "7"}, {"longer", "1234567890"}});
  CHECK(table == "call       seconds\na                7\nlonger  1234567890\n");
}

TEST_CASE("control characters of a hostile cell do not reach the terminal") {
  const std::string table = format_table({{"name"}}, {{"\x1b[2Jgone\n"}});
  CHECK(table.find('\x1b') == std::string::npos);
  CHECK(table == "name\n?[2Jgone?\n");
}

TEST_CASE("a short row leaves cells empty") {
  CHECK(format_table({{"a"}, {"b"}}, {{"1"}}) == "a  b\n1\n");
}

TEST_CASE("lengths read as a clock, sizes with a unit") {
  CHECK(format_seconds(65.4) == "1:05");
  CHECK(format_seconds(7389) == "2:03:09");
  CHECK(format_bytes(640) == "640 B");
  CHECK(format_bytes(1'920'000) == "1.9 MB");
}
