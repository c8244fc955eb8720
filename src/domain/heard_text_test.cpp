#include "domain/heard_text.hpp"

#include <doctest/doctest.h>

using namespace earshot;

namespace {

const std::vector<SpokenWord> words = {{"Morning", 0, 400},
                                       {"or", 420, 180},
                                       {"afternoon", 620, 700},
                                       {"Tell", 1500, 300},
                                       {"me", 1800, 150}};
constexpr auto text = "Morning or afternoon? Tell me.";

}  // namespace

TEST_CASE("with word times the text ends with the last word heard and its punctuation") {
  const HeardText heard = cut_to_heard(text, words, 1400, 2000);
  CHECK(heard.text == "Morning or afternoon?");
  CHECK_FALSE(heard.is_estimated);
  CHECK(heard.words_heard == 3);
}

TEST_CASE("a word of which less than half was heard was not heard") {
  CHECK(cut_to_heard(text, words, 960, 2000).text == "Morning or");
  CHECK(cut_to_heard(text, words, 980, 2000).text == "Morning or afternoon?");
}

TEST_CASE("nothing heard is no text, and not an estimate") {
  const HeardText heard = cut_to_heard(text, words, 0, 2000);
  CHECK(heard.text.empty());
  CHECK_FALSE(heard.is_estimated);
}

TEST_CASE(
    "without word times the text is cut in proportion at the end of a word and said to be "
    "estimated") {
  const HeardText heard = cut_to_heard("one two three four five six", {}, 1000, 2000);
  CHECK(heard.text == "one two three");
  CHECK(heard.is_estimated);
}

TEST_CASE("a cut in proportion never splits a word or a character of several bytes") {
  for (std::int64_t ms = 1; ms <= 2000; ++ms) {
    const HeardText heard = cut_to_heard("Grüße aus München", {}, ms, 2000);
    const bool is_whole = heard.text.empty() || heard.text == "Grüße" ||
                          heard.text == "Grüße aus" || heard.text == "Grüße aus München";
    CHECK(is_whole);
  }
}

TEST_CASE("word times that end long before the cut give way to proportion") {
  const HeardText heard = cut_to_heard("one two three four", {{"one", 0, 100}}, 1500, 2000);
  CHECK(heard.is_estimated);
  CHECK(heard.text == "one two three");
}

TEST_CASE("words that the text spells otherwise are joined") {
  const HeardText heard = cut_to_heard("", {{"five", 0, 300}, {"euros", 300, 300}}, 650, 900);
  CHECK(heard.text == "five euros");
}
