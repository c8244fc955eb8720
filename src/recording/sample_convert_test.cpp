#include "recording/sample_convert.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;

namespace {

Bytes converted(const Bytes& frames, AudioFormat stored, const ChannelMap& channels) {
  Bytes out;
  convert_frames(frames, stored, channels, out);
  return out;
}

}  // namespace

TEST_CASE("24 and 32 bits are rounded to 16, 8 bits are spread over them") {
  const auto one = same_channels(1);
  CHECK(converted({0x00, 0x34, 0x12}, {16'000, 1, 24}, one) == Bytes{0x34, 0x12});
  CHECK(converted({0x7F, 0x34, 0x12}, {16'000, 1, 24}, one) == Bytes{0x34, 0x12});
  CHECK(converted({0x80, 0x34, 0x12}, {16'000, 1, 24}, one) == Bytes{0x35, 0x12});
  CHECK(converted({0x00, 0x00, 0x80}, {16'000, 1, 24}, one) == Bytes{0x00, 0x80});
  // The loudest sample is not rounded past the top.
  CHECK(converted({0xFF, 0xFF, 0x7F}, {16'000, 1, 24}, one) == Bytes{0xFF, 0x7F});
  CHECK(converted({0xFF, 0xFF, 0x34, 0x12}, {16'000, 1, 32}, one) == Bytes{0x35, 0x12});
  CHECK(converted({0xFF, 0xFF, 0xFF, 0xFF}, {16'000, 1, 32}, one) == Bytes{0x00, 0x00});
  CHECK(converted({0x80, 0x00, 0xFF}, {8'000, 1, 8}, one) ==
        Bytes{0x00, 0x00, 0x00, 0x80, 0x00, 0x7F});
}

TEST_CASE("channels are picked, moved, added within limits, and silent where there are none") {
  const AudioFormat stereo{16'000, 2, 16};
  const Bytes frames{0x01, 0x00, 0x02, 0x00, 0x00, 0x70, 0x00, 0x60};

  CHECK(converted(frames, stereo, {{1}}) == Bytes{0x02, 0x00, 0x00, 0x60});
  CHECK(converted(frames, stereo, {{1}, {0}}) ==
        Bytes{0x02, 0x00, 0x01, 0x00, 0x00, 0x60, 0x00, 0x70});
  CHECK(converted(frames, stereo, mixed_channels(2)) == Bytes{0x03, 0x00, 0xFF, 0x7F});
  CHECK(converted(frames, stereo, {{}, {0}, {7}}) ==
        Bytes{0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x70, 0x00, 0x00});
}

TEST_CASE("what is 16 bits in its own channels is given out as it is") {
  CHECK(is_unchanged({16'000, 2, 16}, same_channels(2)));
  CHECK_FALSE(is_unchanged({16'000, 2, 16}, {{1}, {0}}));
  CHECK_FALSE(is_unchanged({16'000, 2, 16}, {{0}}));
  CHECK_FALSE(is_unchanged({16'000, 1, 24}, same_channels(1)));
}
