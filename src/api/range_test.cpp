#include "api/range.hpp"

#include <doctest/doctest.h>

using namespace earshot::api;

namespace {

bool is_part(std::string_view header, std::uint64_t length, std::uint64_t first,
             std::uint64_t last) {
  const auto decision = decide_range(header, length);
  return decision.outcome == RangeOutcome::part && decision.range.first == first &&
         decision.range.last == last;
}

}  // namespace

TEST_CASE("a range is cut to the body, open ends and suffixes included") {
  CHECK(is_part("bytes=0-99", 1000, 0, 99));
  CHECK(is_part("bytes=900-", 1000, 900, 999));
  CHECK(is_part("bytes=900-5000", 1000, 900, 999));
  CHECK(is_part("bytes=-100", 1000, 900, 999));
  CHECK(is_part("bytes=-5000", 1000, 0, 999));
}

TEST_CASE("a range past the end cannot be satisfied") {
  CHECK(decide_range("bytes=1000-", 1000).outcome == RangeOutcome::unsatisfiable);
  CHECK(decide_range("bytes=0-", 0).outcome == RangeOutcome::unsatisfiable);
  CHECK(decide_range("bytes=-0", 1000).outcome == RangeOutcome::unsatisfiable);
}

TEST_CASE("what is not one byte range gets the whole body") {
  for (const char* header : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2",
                             "bytes=0-1,4-5", "items=0-1", "bytes=99999999999999999999999-"}) {
    CAPTURE(header);
    CHECK(decide_range(header, 1000).outcome == RangeOutcome::whole);
  }
}
