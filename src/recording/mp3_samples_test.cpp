// Frames of an MP3 found, decoded in order or from the middle, and what is wrong with some.
#include "recording/mp3_samples.hpp"

#include "net/testing/test_runtime.hpp"
#include "recording/testing/fake_mp3.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

constexpr std::size_t frame_samples = mp3_frame_samples;

struct MemoryBytes : ByteSource {
  explicit MemoryBytes(Bytes file_in) : file(std::move(file_in)) {}
  Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) override {
    const auto from = std::min<std::uint64_t>(offset, file.size());
    const auto to = std::min<std::uint64_t>(from + length, file.size());
    co_return Bytes(file.begin() + static_cast<std::ptrdiff_t>(from),
                    file.begin() + static_cast<std::ptrdiff_t>(to));
  }
  Bytes file;
};

void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

struct Mp3 {
  Result<std::unique_ptr<Mp3Samples>> open(Bytes file) {
    const auto bytes = file.size();
    return runtime.run_for(Mp3Samples::open(std::make_unique<MemoryBytes>(std::move(file)),
                                            "0-audiomp3.mp3", bytes,
                                            {.decoders = decoders, .offload = offload}));
  }
  std::vector<int> read(Mp3Samples& samples, std::uint64_t first, std::uint64_t count) {
    auto bytes = runtime.run_for(samples.read(first, count));
    REQUIRE(bytes.has_value());
    REQUIRE(bytes->size() == 2 * count);
    std::vector<int> out;
    for (std::size_t i = 0; i < bytes->size(); i += 2)
      out.push_back((*bytes)[i] | (*bytes)[i + 1] << 8);
    return out;
  }
  net::TestRuntime runtime;
  FakeDecoders decoders;
  InlineOffload offload;
};

// "0x576 1x576": which frames' samples follow each other, and how many of each.
std::string runs_of(const std::vector<int>& samples) {
  std::string out;
  for (std::size_t i = 0; i < samples.size();) {
    std::size_t end = i;
    while (end < samples.size() && samples[end] == samples[i]) ++end;
    out += (out.empty() ? "" : " ") + std::to_string(samples[i]) + "x" + std::to_string(end - i);
    i = end;
  }
  return out;
}

}  // namespace

TEST_CASE("an MP3 is read as the samples of its frames, in pieces of any length") {
  Mp3 mp3;
  auto samples = mp3.open(mp3_stream(5));
  REQUIRE(samples.has_value());
  CHECK((*samples)->format() == AudioFormat{16'000, 1, 16});
  CHECK((*samples)->frames() == 5 * frame_samples);
  CHECK(runs_of(mp3.read(**samples, 0, 600)) == "0x576 1x24");
  CHECK(runs_of(mp3.read(**samples, 600, 1'000)) == "1x552 2x448");
  CHECK(runs_of(mp3.read(**samples, 1'600, 1'280)) == "2x128 3x576 4x576");
  CHECK(mp3.decoders.decoded == 5);
  CHECK(mp3.decoders.resets == 0);
}

TEST_CASE("reading from somewhere else begins a few frames early, and gives the same samples") {
  Mp3 mp3;
  auto samples = mp3.open(mp3_stream(2'000));
  REQUIRE(samples.has_value());
  for (const std::uint64_t frame : {1'500u, 3u, 700u, 1'999u}) {
    CAPTURE(frame);
    mp3.decoders.decoded = 0;
    CHECK(runs_of(mp3.read(**samples, frame * frame_samples + 10, 20)) ==
          std::to_string(frame) + "x20");
    // From an anchor, at most two spacings back, and what one window holds.
    CHECK(mp3.decoders.decoded <= 2 * static_cast<int>(Mp3Index::spacing) + 304);
  }
  CHECK(mp3.decoders.resets == 4);
}

TEST_CASE("a frame that cannot be decoded is silence, and what follows keeps its place") {
  Mp3 mp3;
  mp3.decoders.bad = [](std::uint16_t number) { return number == 3; };
  auto samples = mp3.open(mp3_stream(4, 2));
  REQUIRE(samples.has_value());
  CHECK(runs_of(mp3.read(**samples, 0, 4 * frame_samples)) == "2x576 0x576 4x576 5x576");
}

TEST_CASE("an MP3 of which most cannot be decoded is corrupt") {
  Mp3 mp3;
  mp3.decoders.bad = [](std::uint16_t number) { return number % 3 != 0; };
  auto samples = mp3.open(mp3_stream(100));
  REQUIRE(samples.has_value());
  const auto read = mp3.runtime.run_for((*samples)->read(0, 50 * frame_samples));
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().kind == ErrorKind::corrupt);
  CHECK(read.error().message.find("0-audiomp3.mp3") != std::string::npos);
}

TEST_CASE("garbage between frames is stepped over, wherever the pieces that are read end") {
  Mp3 mp3;
  // Garbage that now and then looks like a header.
  Bytes noise(3'000);
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<std::uint8_t>(i * 37);
  for (std::size_t i = 100; i + 4 < noise.size(); i += 500)
    std::ranges::copy(Bytes{0xFF, 0xF3, 0x68, 0xC4},
                      noise.begin() + static_cast<std::ptrdiff_t>(i));
  Bytes file = mp3_stream(302);
  append(file, noise);
  append(file, mp3_stream(300, 302));
  append(file, Bytes(100, 0));
  append(file, mp3_stream(1, 602));
  auto samples = mp3.open(std::move(file));
  REQUIRE(samples.has_value());
  CHECK((*samples)->frames() == 603 * frame_samples);
  CHECK(runs_of(mp3.read(**samples, 300 * frame_samples, 4 * frame_samples)) ==
        "300x576 301x576 302x576 303x576");
  CHECK(runs_of(mp3.read(**samples, 602 * frame_samples, frame_samples)) == "602x576");
}

TEST_CASE("a frame that is cut off at the end counts as none") {
  Mp3 mp3;
  auto file = mp3_stream(3);
  file.resize(file.size() - 1);
  auto samples = mp3.open(std::move(file));
  REQUIRE(samples.has_value());
  CHECK((*samples)->frames() == 2 * frame_samples);
}

TEST_CASE("frames at another sample rate are no frames of the stream") {
  Mp3 mp3;
  auto file = mp3_stream(10);
  auto other = mp3_frame(7);
  other[2] = 0x64;  // 24 kHz
  append(file, other);
  append(file, mp3_stream(1, 10));
  auto samples = mp3.open(std::move(file));
  REQUIRE(samples.has_value());
  CHECK((*samples)->frames() == 11 * frame_samples);
}

TEST_CASE("what is no MP3, or mostly something else, is refused with its name") {
  Mp3 mp3;
  Bytes mostly_garbage = mp3_stream(2);
  append(mostly_garbage, Bytes(2'000, 0x55));
  for (const Bytes& file :
       {Bytes{}, Bytes(100, 0), mostly_garbage, Bytes{0xFF, 0xF3, 0x68, 0xC4}}) {
    const auto opened = mp3.open(file);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().kind == ErrorKind::corrupt);
    CHECK(opened.error().message.find("0-audiomp3.mp3") != std::string::npos);
  }
}

TEST_CASE("the silence that an encoder says it added is left out at both ends") {
  // 500 samples before the sound and 700 behind it, as LAME says them.
  auto description = mp3_frame(0);
  const auto put = [&](std::size_t at, std::string_view text) {
    std::ranges::copy(text, description.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(13, std::string_view("Info\0\0\0\1\0\0\0\5LAME3.100", 21));
  description[13 + 12 + 21] = 500 >> 4;
  description[13 + 12 + 22] = static_cast<std::uint8_t>((500 & 15) << 4 | 700 >> 8);
  description[13 + 12 + 23] = 700 & 255;
  Bytes file = description;
  append(file, mp3_stream(5, 1));
  Mp3 mp3;
  SUBCASE("all frames are there") {
    auto samples = mp3.open(file);
    REQUIRE(samples.has_value());
    // 529 more than it says at the beginning, as many fewer at the end: a decoder's own delay.
    CHECK((*samples)->frames() == 5 * frame_samples - 500 - 700);
    CHECK(runs_of(mp3.read(**samples, 0, 200)) == "2x123 3x77");
  }
  SUBCASE("the end is cut off, and with it what was to be left out") {
    file.resize(file.size() - 216);
    auto samples = mp3.open(file);
    REQUIRE(samples.has_value());
    CHECK((*samples)->frames() == 4 * frame_samples - 1'029);
  }
}
