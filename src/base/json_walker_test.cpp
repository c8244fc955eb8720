#include "base/json_walker.hpp"

#include <doctest/doctest.h>

namespace earshot {

TEST_CASE("a walker takes the strings, marks and scalars that it is asked for") {
  JsonWalker walker(R"( { "a" : "text" , "b":-12,"c":true} )");

  CHECK(walker.mark('{'));
  CHECK(walker.plain_string() == "a");
  CHECK(walker.mark(':'));
  CHECK(walker.plain_string() == "text");
  CHECK(walker.mark(','));
  CHECK(walker.plain_string() == "b");
  CHECK(walker.mark(':'));
  CHECK(walker.skip_scalar());
  CHECK(walker.mark(','));
  CHECK(walker.literal("\"c\":"));
  CHECK(walker.skip_scalar());
  CHECK_FALSE(walker.at_end());
  CHECK(walker.mark('}'));
  CHECK(walker.at_end());
}

TEST_CASE("a walker says no to what a parser might read otherwise") {
  CHECK_FALSE(JsonWalker(R"("a\n")").plain_string().has_value());
  CHECK_FALSE(JsonWalker("\"\xc3\xa4\"").plain_string().has_value());
  CHECK_FALSE(JsonWalker("\"open").plain_string().has_value());
  CHECK_FALSE(JsonWalker("\"open").raw_string().has_value());
  CHECK_FALSE(JsonWalker("").plain_string().has_value());
  for (const std::string_view text : {"", "-", "01", "1.5", "1e3", "{}", "tru", "\"x\""}) {
    CAPTURE(text);
    CHECK_FALSE(JsonWalker(text).skip_scalar());
  }
}

TEST_CASE("a walker that says no to a scalar has taken nothing of it") {
  for (const std::string_view text : {"-\"x\"", "1.5", "01", "-1e3"}) {
    CAPTURE(text);
    JsonWalker walker(text);
    CHECK_FALSE(walker.skip_scalar());
    CHECK_FALSE(walker.plain_string().has_value());
    CHECK(walker.literal(text));
  }
}

TEST_CASE("base64 is told from other text by its alphabet and its padding") {
  for (const std::string_view text : {"", "AAAA", "az+/", "AAA=", "AA=="})
    CHECK(is_base64_text(text));
  for (const std::string_view text :
       {"A", "AAA", "A===", "AA=A", "AA-_", "AA\"A", "AA A", "A\\/A"}) {
    CAPTURE(text);
    CHECK_FALSE(is_base64_text(text));
  }
}

}  // namespace earshot
