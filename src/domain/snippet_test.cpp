#include "domain/snippet.hpp"

#include <doctest/doctest.h>

using namespace earshot;

TEST_CASE("a snippet shows what was searched for and a little around it") {
  const auto all = make_snippet("the Invoice is paid", "invoice");
  CHECK(all.text == "the Invoice is paid");
  CHECK(all.text.substr(all.match_from, all.match_bytes) == "Invoice");
  const auto part = make_snippet("one two three four five", "three", 4);
  CHECK(part.text == "\u2026two three fou\u2026");
  CHECK(part.text.substr(part.match_from, part.match_bytes) == "three");
}

TEST_CASE("a snippet cuts no character, and is one line") {
  const auto one = make_snippet("\u8acb\u6c42\u66f8\u306b\u3064\u3044\u3066\n\u304a", "\u306b", 2);
  CHECK(one.text == "\u2026\u6c42\u66f8\u306b\u3064\u3044\u2026");
  CHECK(make_snippet("a\nb", "b").text == "a b");
  CHECK(make_snippet("", "x").text.empty());
}

TEST_CASE("what was found by other letters is shown from the beginning") {
  const auto other = make_snippet("\u00c4rger und mehr davon", "\u00e4rger", 5);
  CHECK(other.text == "\u00c4rger und \u2026");
  CHECK(other.match_bytes == 0);
}
