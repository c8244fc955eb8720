// A real MP3, and what is wrong with others.
#include "mp3/mp3_decoder.hpp"

#include "base/base64.hpp"

#include <algorithm>
#include <cstdint>
#include <doctest/doctest.h>
#include <vector>

using namespace earshot;
using namespace earshot::mp3;

namespace {

// A tone of 500 Hz, 16 kHz, one channel, 32 kbit/s, made by LAME: eight frames of 144 bytes.
constexpr const char* tone =
    "//NIxAAcqIp0F1kwACqSbjluW1tnbO3Lct/3/chyGGLCJCIOK4VTMtE6JjmgNY4DEJgNcdx/JYTJg4DCyZMHwQ"
    "BAEAxWD7+co8/wI7QH+BDmgH+BDmgP8o7v6Pfg+DgIAgCAYB8HwfB8CAgCGD4f0e/+GAfB8HwfKAgCAYvB8PoQ"
    "AEKGFw1vH/MUj4wQL62X//NIxBAf4fZgA5ywAPmQB+Ye6fSxy/LHLA1JBxAw3BDAwTArCk8WWDE8YBoCAMBIBA"
    "MAoCA2Vf8LIQsJE3Bq4Mjf+MaKBEKjlC5hc3/5DRzRzSaIsQIo//5FSKmReJoxLpdMv//y8XkS6XREFQVZ/8sF"
    "QVETzv//+q1U6Wrv//ypaSO4sAChYAXMAcAAjARw//NIxBMdao4AAd+YABQMBzAvjAowFswSgFfMIWEIzGjh+E"
    "xkLzfOiMOuTNaiIUw5IExMCaAvDBsQX4wKsAmMARAJTAagFMwBYADANEBzQNNH///yyVUf//f//zhWf/////y3"
    "/////5gPJ3//0f//TX//8I/EoMjXP//V//8slr/KDP/////qM/////+JgZ/t//NIxCAJGo4AALgPZP9H//0qf/"
    "/wj8SgyNc//9X//yyWv8oM/////+oz/////4mBn+3/R//9Ne///nEgAADIaA0AJMA3ARzAEwAQwBQB2MESBODA"
    "ggHcwQkNHMerLDzIa/Vk3KYmjMBDF8DFFAswweAGcMCEA5zBDQKUwHkBrMANAMgUAoAO4C0hfcifq//+//NIxH"
    "4JGo4AALgPZFktf////+ot/////+st/////9AoEI7+3/R//9IIBoQQwgAC1YMWBoAjcQgQaBWcMGTQ2ZVK5gYO"
    "gAKtVBvPFDsbas5QGTB4iAlOEZQxAxlEBABCoBg6AEILAGAFCQDEjRNgMDgGAaAXAGBeACAUMDA2KBvUV1O7QQ"
    "gAAUAQFrgdCFlY//NIxNwdOo4AAV+QALhFeKRBh0tvh+4hMHKCuDKiPzEnSkZF4ot+Ncc4ToPxBRcZGrLpxSR3"
    "/xkhBAY4aIlMckbQsgcpFVJdFX/8lhzyKkmQQixIEXJ0rkUJ5LXq1///NEzU3QNjRM1N0D5os9/////9NR9BZ5"
    "PZiPYhG+/Pvz78dJE4s8WSLbLWXyADmgbO//NIxOo2w5Jg1ZywAcwLNywUlyC/xaYtsrEocYTAZTEwIc1JDCqL"
    "GMgRlID1E6OpybTlNFyYUNQ1QxYSuV0WErlczRsvVbGy9eva4hPq4s+fW9XpUFBcgngUdF+KC8GfCOxO//t//2"
    "pMQU1FMy4xMDCqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq//NIxJIaUSG8Adh4Aaqqqqqqqqqqqqqq"
    "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
    "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";
constexpr std::size_t frame_bytes = 144;
constexpr std::uint32_t frame_samples = 576;
constexpr AudioFormat format{.sample_rate_hz = 16'000, .channels = 1, .bits_per_sample = 16};

Bytes tone_file() {
  auto bytes = base64::decode(tone);
  REQUIRE(bytes.has_value());
  return *bytes;
}

ByteView frame(const Bytes& file, std::size_t number) {
  return ByteView(file).subspan(number * frame_bytes, frame_bytes);
}

std::unique_ptr<FrameDecoder> open(AudioFormat promised = format) {
  Mp3Decoders decoders;
  auto decoder = decoders.open_mp3(promised, frame_samples);
  REQUIRE(decoder.has_value());
  return std::move(*decoder);
}

int sample_at(const Bytes& samples, std::size_t number) {
  return static_cast<std::int16_t>(samples[2 * number] | samples[2 * number + 1] << 8);
}

}  // namespace

TEST_CASE("each frame becomes its samples, the same that the ffmpeg program gives") {
  const auto file = tone_file();
  const auto decoder = open();
  Bytes samples;
  for (std::size_t i = 0; i < file.size() / frame_bytes; ++i) {
    REQUIRE(decoder->decode(frame(file, i), samples).has_value());
    CHECK(samples.size() == (i + 1) * frame_samples * 2);
  }
  const std::vector<int> expected = {3239,  2756,  2167,  1494,  765,   6,     -753,  -1483,
                                     -2156, -2746, -3230, -3591, -3813, -3889, -3815, -3595};
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(std::abs(sample_at(samples, 1'500 + i) - expected[i]) <= 1);
}

TEST_CASE("what cannot be decoded is refused, and the next frame is decoded all the same") {
  const auto file = tone_file();
  const auto decoder = open();
  Bytes samples;
  const Bytes noise(frame_bytes, 0x55);
  for (const ByteView& bad : {ByteView(), ByteView(noise), ByteView(noise).first(1)}) {
    const auto refused = decoder->decode(bad, samples);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::corrupt);
  }
  CHECK_FALSE(decoder->decode(Bytes(1 << 20), samples).has_value());
  CHECK(samples.empty());
  CHECK(decoder->decode(frame(file, 0), samples).has_value());
  CHECK(samples.size() == 2 * frame_samples);
}

TEST_CASE("a frame of another form than was promised is refused") {
  const auto file = tone_file();
  Bytes samples;
  CHECK_FALSE(open({24'000, 1, 16})->decode(frame(file, 0), samples).has_value());
  CHECK_FALSE(open({16'000, 2, 16})->decode(frame(file, 0), samples).has_value());
  CHECK(samples.empty());
}

TEST_CASE("after a reset decoding begins anew, and is the same again after a few frames") {
  const auto file = tone_file();
  const auto decoder = open();
  Bytes first;
  for (std::size_t i = 0; i < 8; ++i) REQUIRE(decoder->decode(frame(file, i), first).has_value());
  decoder->reset();
  Bytes second;
  for (std::size_t i = 2; i < 8; ++i) REQUIRE(decoder->decode(frame(file, i), second).has_value());
  const auto last = 2 * static_cast<std::ptrdiff_t>(frame_samples);
  CHECK(std::equal(first.end() - last, first.end(), second.end() - last));
}
