#include "base/utf8.hpp"

#include <doctest/doctest.h>

using namespace earshot;

TEST_CASE("every code point is read as it was written") {
  for (char32_t code = 0; code <= 0x10ffff; ++code) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    std::string text;
    append_character(text, code);
    const auto read = first_character(text + "x");
    if (read.code == code && read.bytes == text.size()) continue;
    CAPTURE(static_cast<unsigned>(code));
    FAIL_CHECK("differs");
  }
}

TEST_CASE("what is no character is told as such") {
  for (const std::string_view text :
       {"", "\x80", "\xc0\xaf", "\xc2", "\xe3\x81", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"})
    CHECK(first_character(text).bytes == 0);
  CHECK(count_characters("\xe6\x97\xa5\xe6\x9c\xac \xff!") == 5);
}
