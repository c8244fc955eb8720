#include "recording/heard_turn.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;

namespace {

// Ten words in ten seconds from 2 s on; StopAudio left at 7 s, and the bridge took 250 ms off.
Turn cut_turn(bool with_words) {
  Turn turn{.call = {"c1"},
            .speaker = Speaker::assistant,
            .start = 2s,
            .end = 6'750ms,
            .text = "one two three four",
            .generated_text = "one two three four five six seven eight nine ten",
            .interrupted = true,
            .cut_is_estimated = !with_words};
  turn.cut = TurnCut{.stop_left = 7s, .played_until = 7s, .generated = 10s, .words = {}};
  int second = 2;
  for (const char* word :
       {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}) {
    if (with_words) turn.cut->words.push_back({word, second * 1s, second * 1s + 900ms});
    ++second;
  }
  return turn;
}

HeardUntil heard_at(Duration at, Duration uncertainty) {
  return {.at = at, .uncertainty = uncertainty, .basis = MappingBasis::waveform};
}

}  // namespace

TEST_CASE("a turn ends where the recording shows it, and its words with it") {
  const VerifiedCut later = verified_cut(cut_turn(true), heard_at(6'900ms, 25ms));
  CHECK(later.end == 6'900ms);
  CHECK(later.text == "one two three four five");
  CHECK(later.words.size() == 5);
  CHECK_FALSE(later.is_estimated);
  CHECK(later.basis == MappingBasis::waveform);

  const VerifiedCut earlier = verified_cut(cut_turn(true), heard_at(4'100ms, 25ms));
  CHECK(earlier.text == "one two");
  CHECK(earlier.words.size() == 2);
}

TEST_CASE("without word times the text is cut in proportion, and marked") {
  const VerifiedCut found = verified_cut(cut_turn(false), heard_at(4s, 25ms));

  CHECK(found.text == "one two");
  CHECK(found.is_estimated);
  CHECK(found.words.empty());
}

TEST_CASE("where the recording leaves a wide choice the bridge's word holds within it") {
  CHECK(verified_cut(cut_turn(true), heard_at(6'600ms, 400ms)).end == 6'750ms);
  CHECK(verified_cut(cut_turn(true), heard_at(6s, 400ms)).end == 6'400ms);
}

TEST_CASE("nothing was heard after StopAudio left") {
  CHECK(verified_cut(cut_turn(true), heard_at(7'010ms, 25ms)).end == 7s);
}

TEST_CASE("only an utterance that was cut, and whose words are kept, is looked for") {
  Turn turn = cut_turn(true);
  REQUIRE(cut_to_find(turn).has_value());
  CHECK(cut_to_find(turn)->stop == 7s);

  Turn erased = turn;
  erased.text = erased.generated_text = "";
  CHECK_FALSE(cut_to_find(erased).has_value());
  Turn whole = turn;
  whole.cut.reset();
  CHECK_FALSE(cut_to_find(whole).has_value());
}

TEST_CASE("a verified turn is shown as heard, and keeps what was generated") {
  Turn turn = cut_turn(true);
  turn.verified = verified_cut(turn, heard_at(4'100ms, 25ms));

  const Turn heard = as_heard(turn);

  CHECK(heard.end == 4'100ms);
  CHECK(heard.text == "one two");
  CHECK(heard.generated_text == turn.generated_text);
  CHECK(turn.text == "one two three four");
}
