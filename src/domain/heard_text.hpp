#pragma once
// How much of an utterance's text was heard, when its audio was cut after so many milliseconds.
// Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

// A word with its time from the utterance's first sample.
struct SpokenWord {
  std::string text;
  std::int64_t offset_ms = 0;
  std::int64_t duration_ms = 0;
  std::int64_t end_ms() const { return offset_ms + duration_ms; }
};

struct HeardText {
  std::string text;
  bool is_estimated = false;    // in proportion: there were no times for it
  std::size_t words_heard = 0;  // of `words`
};

// A word counts as heard once half of it was. Where the known words end long before `heard_ms`, or
// there are none, the text is cut in proportion to the audio, at the end of a word.
HeardText cut_to_heard(std::string_view text, const std::vector<SpokenWord>& words,
                       std::int64_t heard_ms, std::int64_t generated_ms);

}  // namespace earshot
