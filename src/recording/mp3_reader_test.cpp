#include "recording/mp3_reader.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using recording::parse_mp3;

TEST_CASE("the first frame of ACS's MP3 says 16 kHz, one channel, 48 kbit/s") {
  const Bytes head = {0xFF, 0xF3, 0x68, 0xC4, 0, 0};

  const auto layout = parse_mp3(head, 60'000);

  REQUIRE(layout.has_value());
  CHECK(layout->format == AudioFormat{16'000, 1, 0});
  CHECK(layout->bits_per_second == 48'000);
  CHECK(layout->duration() == Duration(10s));
}

TEST_CASE("an ID3 tag in front is stepped over") {
  Bytes head = {'I', 'D', '3', 4, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4, 5, 0xFF, 0xFB, 0x90, 0x00};

  const auto layout = parse_mp3(head, head.size());

  REQUIRE(layout.has_value());
  CHECK(layout->data_offset == 15);
  CHECK(layout->format == AudioFormat{44'100, 2, 0});
  CHECK(layout->bits_per_second == 128'000);
}

TEST_CASE("what begins with no frame is corrupt") {
  for (const Bytes& head : {Bytes{}, Bytes{0xFF}, Bytes{0xFF, 0xFB, 0xF0, 0x00},
                            Bytes{0xFF, 0xFB, 0x9C, 0x00}, Bytes{0xFF, 0xEB, 0x90, 0x00},
                            Bytes{'R', 'I', 'F', 'F', 0, 0}, Bytes{0xFF, 0xFD, 0x90, 0x00},
                            Bytes{'I', 'D', '3', 4, 0, 0, 0x7F, 0x7F, 0x7F, 0x7F, 0, 0}}) {
    const auto layout = parse_mp3(head, 1'000);
    REQUIRE_FALSE(layout.has_value());
    CHECK(layout.error().kind == ErrorKind::corrupt);
  }
}
