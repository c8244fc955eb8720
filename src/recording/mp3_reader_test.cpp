#include "recording/mp3_reader.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

using namespace earshot;
using recording::parse_mp3;

TEST_CASE("the first frame of ACS's MP3 says 16 kHz, one channel, 48 kbit/s") {
  const Bytes head = {0xFF, 0xF3, 0x68, 0xC4, 0, 0};

  const auto layout = parse_mp3(head, {}, 60'000);

  REQUIRE(layout.has_value());
  CHECK(layout->format == AudioFormat{16'000, 1, 0});
  CHECK(layout->bits_per_second == 48'000);
  CHECK(layout->duration() == Duration(10s));
}

TEST_CASE("an ID3 tag in front is stepped over") {
  Bytes head = {'I', 'D', '3', 4, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4, 5, 0xFF, 0xFB, 0x90, 0x00};

  const auto layout = parse_mp3(head, {}, head.size());

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
    const auto layout = parse_mp3(head, {}, 1'000);
    REQUIRE_FALSE(layout.has_value());
    CHECK(layout.error().kind == ErrorKind::corrupt);
  }
}

namespace {

// A frame of 48 kbit/s at 16 kHz, one channel: 216 bytes.
Bytes frame_of_48k() {
  Bytes frame(216, 0);
  frame[0] = 0xFF;
  frame[1] = 0xF3;
  frame[2] = 0x68;
  frame[3] = 0xC4;
  return frame;
}

void put(Bytes& bytes, std::size_t at, const std::string& text) {
  std::copy(text.begin(), text.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

TEST_CASE("the frame in which an encoder describes the file is no sound, and counts its frames") {
  for (const std::string name : {"Xing", "Info"}) {
    Bytes file = frame_of_48k();
    put(file, 13, name + std::string("\0\0\0\x03\0\0\x01\x2c", 8));
    Bytes sound = frame_of_48k();
    sound[2] = 0x48;  // 32 kbit/s
    file.insert(file.end(), sound.begin(), sound.end());

    const auto layout = parse_mp3(file, {}, 60'216);

    REQUIRE(layout.has_value());
    CHECK(layout->data_offset == 216);
    CHECK(layout->data_bytes == 60'000);
    CHECK(layout->bits_per_second == 32'000);
    // 300 frames of 36 ms, whatever the bytes say.
    CHECK(layout->duration() == Duration(10'800ms));
  }
}

TEST_CASE("the other description of a file is known as well, and one that counts nothing") {
  Bytes vbri = frame_of_48k();
  put(vbri, 36, "VBRI");
  vbri[36 + 17] = 100;
  const auto first = parse_mp3(vbri, {}, 60'216);
  REQUIRE(first.has_value());
  CHECK(first->data_offset == 216);
  CHECK(first->duration() == Duration(3'600ms));

  Bytes uncounted = frame_of_48k();
  put(uncounted, 13, "Info");
  const auto second = parse_mp3(uncounted, {}, 60'216);
  REQUIRE(second.has_value());
  CHECK(second->data_offset == 216);
  CHECK(second->duration() == Duration(10s));
}

TEST_CASE("a file that ends within its description has no sound") {
  Bytes file = frame_of_48k();
  put(file, 13, "Info");
  const auto layout = parse_mp3(ByteView(file).first(40), {}, 40);
  REQUIRE(layout.has_value());
  CHECK(layout->data_bytes == 0);
}

TEST_CASE("an ID3v1 tag at the end is no sound") {
  Bytes tail(128, 0);
  put(tail, 0, "TAG");
  const auto layout = parse_mp3(frame_of_48k(), tail, 60'128);
  REQUIRE(layout.has_value());
  CHECK(layout->data_offset == 0);
  CHECK(layout->data_bytes == 60'000);
}
