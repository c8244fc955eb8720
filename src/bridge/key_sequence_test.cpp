#include "bridge/key_sequence.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::bridge;

namespace {

int completed(KeySequence& sequence, std::string_view keys, Duration apart = 500ms) {
  int times = 0;
  SteadyTime now{1h};
  for (const char key : keys) times += sequence.pressed(now += apart, key) ? 1 : 0;
  return times;
}

}  // namespace

TEST_CASE("a sequence is recognised among other keys, and each time") {
  KeySequence sequence("*1");
  CHECK(completed(sequence, "42*1") == 1);
  CHECK(completed(sequence, "*2*1*1") == 2);
  CHECK(completed(sequence, "1*") == 0);
}

TEST_CASE("a sequence that begins within itself is recognised") {
  KeySequence sequence("**1");
  CHECK(completed(sequence, "***1") == 1);
  KeySequence other("1121");
  CHECK(completed(other, "11121") == 1);
  CHECK(completed(other, "1121121") == 1);
}

TEST_CASE("keys that are far apart are no sequence, and no sequence is never recognised") {
  KeySequence sequence("*1");
  CHECK(completed(sequence, "*1", 6s) == 0);
  KeySequence none("");
  CHECK(completed(none, "*1") == 0);
}

TEST_CASE("keys are read as the media socket and as Call Automation names them") {
  CHECK(key_of("3") == '3');
  CHECK(key_of("a") == 'A');
  CHECK(key_of("pound") == '#');
  CHECK(key_of("asterisk") == '*');
  CHECK_FALSE(key_of("").has_value());
  CHECK_FALSE(key_of("33").has_value());
  CHECK_FALSE(key_of("x").has_value());
}
