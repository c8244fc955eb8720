#include "recording/repair_format.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;

TEST_CASE("a repair's header reads as it was written") {
  const RepairHeader header{.format = {16'000, 2, 16},
                            .frames = 5'000'000'000,
                            .voices = {Voice::assistant, Voice::caller}};
  Bytes bytes;
  append_repair_header(header, bytes);

  REQUIRE(bytes.size() == repair_header_bytes);
  const auto read = read_repair_header(bytes);
  REQUIRE(read.has_value());
  CHECK(*read == header);
}

TEST_CASE("a repair's header with any byte changed is refused") {
  Bytes bytes;
  append_repair_header({.format = {16'000, 1, 16}, .frames = 7, .voices = {Voice::unknown}}, bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CAPTURE(i);
    auto changed = bytes;
    changed[i] ^= 0x10;
    const auto read = read_repair_header(changed);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().kind == ErrorKind::corrupt);
  }
  CHECK_FALSE(read_repair_header(ByteView(bytes).first(63)).has_value());
}
