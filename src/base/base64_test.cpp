#include "base/base64.hpp"

#include "base/random.hpp"

#include <array>
#include <doctest/doctest.h>
#include <utility>

using namespace earshot;

namespace {

// RFC 4648, section 10.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> rfc_vectors = {{
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
}};

Bytes random_bytes(Random& random, std::size_t count) {
  Bytes bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next_u64());
  return bytes;
}

}  // namespace

TEST_CASE("the vectors of RFC 4648 are encoded and decoded") {
  for (const auto& [plain, coded] : rfc_vectors) {
    CAPTURE(plain);
    CHECK(base64::encode(as_bytes(plain)) == coded);
    const auto decoded = base64::decode(coded);
    REQUIRE(decoded.has_value());
    CHECK(as_text(*decoded) == plain);
    CHECK(base64::decoded_size(coded) == plain.size());
  }
}

TEST_CASE("bytes of every length survive both alphabets") {
  SeededRandom random(1);
  for (std::size_t length = 0; length < 200; ++length) {
    const Bytes bytes = random_bytes(random, length);
    CAPTURE(length);
    const auto standard = base64::decode(base64::encode(bytes));
    REQUIRE(standard.has_value());
    CHECK(*standard == bytes);
    const auto url = base64::decode_url(base64::encode_url(bytes));
    REQUIRE(url.has_value());
    CHECK(*url == bytes);
  }
}

TEST_CASE("the two alphabets differ in two characters only and do not mix") {
  const Bytes bytes = {0xFB, 0xEF, 0xFF};
  CHECK(base64::encode(bytes) == "++//");
  CHECK(base64::encode_url(bytes) == "--__");
  CHECK_FALSE(base64::decode("--__").has_value());
  CHECK_FALSE(base64::decode_url("++//").has_value());
}

TEST_CASE("the URL alphabet is written without padding and read with or without") {
  CHECK(base64::encode_url(as_bytes("fo")) == "Zm8");
  for (const char* text : {"Zm8", "Zm8="}) {
    const auto decoded = base64::decode_url(text);
    REQUIRE(decoded.has_value());
    CHECK(as_text(*decoded) == "fo");
  }
  CHECK_FALSE(base64::decode_url("Zm8==").has_value());
  CHECK_FALSE(base64::decode_url("Zm9v=").has_value());
}

TEST_CASE("text that is not strictly base64 is refused") {
  for (const char* text : {"Z",        "Zg",   "Zg=",  "Zm8",      "Zg===", "=",         "==",
                           "===",      "====", "Z===", "Zm9v\n",   " Zm9v", "Zm 9",      "Zm9v=",
                           "Zg==Zg==", "Zm=v", "Z=9v", "Zm9vZg=a", "Zm9*",  "\xC3\xA4=="}) {
    CAPTURE(text);
    CHECK_FALSE(base64::decode(text).has_value());
    Bytes out;
    CHECK_FALSE(base64::decode_to(text, out));
  }
}

TEST_CASE("a spelling with bits that no byte takes is refused") {
  CHECK_FALSE(base64::decode("Zh==").has_value());
  CHECK_FALSE(base64::decode("Zm9=").has_value());
}

TEST_CASE("a bad character anywhere in a long text is found and its offset named") {
  const std::string good = base64::encode(Bytes(96, 0x5A));
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const char wrong : {'\0', '*', '-', '=', '\x80', '\xFF', '\n'}) {
      std::string torn = good;
      torn[i] = wrong;
      // Padding in the last place leaves a bit pattern over, so that is refused as well.
      CAPTURE(i);
      const auto decoded = base64::decode(torn);
      REQUIRE_FALSE(decoded.has_value());
      CHECK(decoded.error().kind == ErrorKind::invalid);
    }
  std::string torn = good;
  torn[37] = '!';
  const auto decoded = base64::decode(torn);
  REQUIRE_FALSE(decoded.has_value());
  CHECK(decoded.error().message.find("offset 37") != std::string::npos);
}

TEST_CASE("decoding into a used buffer keeps its storage") {
  Bytes out;
  REQUIRE(base64::decode_to(base64::encode(Bytes(960, 1)), out));
  const auto* storage = out.data();
  REQUIRE(base64::decode_to(base64::encode(Bytes(640, 2)), out));
  CHECK(out == Bytes(640, 2));
  CHECK(out.data() == storage);
}

TEST_CASE("encoding appends to what is there") {
  std::string text = "data:";
  base64::encode_to(as_bytes("foob"), text);
  CHECK(text == "data:Zm9vYg==");
}

TEST_CASE("an impossible length decodes to nothing") {
  CHECK(base64::decoded_size("Zm9") == 0);
  CHECK(base64::decoded_size("Zm9vY") == 0);
}
