#include "base/result.hpp"

#include "base/invariant.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace earshot;

TEST_CASE("an error keeps its facts while its sentence grows outward") {
  const Error inner{.kind = ErrorKind::unavailable,
                    .message = "ACS answered 503",
                    .status = 503,
                    .code = "8501",
                    .retry_after_ms = 2000};

  const Result<int> outer = fail("start recording", inner);

  REQUIRE_FALSE(outer.has_value());
  CHECK(outer.error().message == "start recording: ACS answered 503");
  CHECK(outer.error().status == 503);
  CHECK(outer.error().code == "8501");
  CHECK(outer.error().retry_after_ms == 2000);
  CHECK(worth_retrying(outer.error()));
}

TEST_CASE("only what is unavailable is worth retrying") {
  for (const auto kind : {ErrorKind::not_found, ErrorKind::conflict, ErrorKind::invalid,
                          ErrorKind::refused, ErrorKind::corrupt})
    CHECK_FALSE(worth_retrying(Error{.kind = kind}));
  CHECK(worth_retrying(Error{.kind = ErrorKind::unavailable}));
}

TEST_CASE("a broken invariant throws and says what must hold and where") {
  try {
    CHECK_INVARIANT(1 == 2, "indices are consecutive");
    FAIL("nothing was thrown");
  } catch (const InvariantBroken& broken) {
    const std::string what = broken.what();
    CHECK(what.find("indices are consecutive (1 == 2)") != std::string::npos);
    CHECK(what.find("result_test.cpp:") != std::string::npos);
  }
}
