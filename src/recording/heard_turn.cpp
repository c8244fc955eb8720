#include "recording/heard_turn.hpp"

#include "domain/heard_text.hpp"

#include <algorithm>
#include <utility>

namespace earshot::recording {
namespace {

// Found so well, the middle of what is possible is better than the bridge's estimate.
constexpr Duration found_well = 100ms;

std::int64_t to_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::vector<SpokenWord> spoken_words(const Turn& turn) {
  std::vector<SpokenWord> words;
  words.reserve(turn.cut->words.size());
  for (const TurnWord& word : turn.cut->words)
    words.push_back({word.text, to_ms(word.start - turn.start), to_ms(word.end - word.start)});
  return words;
}

}  // namespace

std::optional<CutTurn> cut_to_find(const Turn& turn) {
  const bool is_kept = !turn.text.empty() || !turn.generated_text.empty();
  if (turn.speaker != Speaker::assistant || !turn.cut || !is_kept ||
      turn.cut->played_until <= turn.start)
    return std::nullopt;
  return CutTurn{.start = turn.start, .stop = turn.cut->played_until};
}

VerifiedCut verified_cut(const Turn& turn, const HeardUntil& heard) {
  VerifiedCut found{
      .basis = heard.basis, .end = heard.at, .uncertainty = heard.uncertainty, .text = {}};
  if (heard.uncertainty > found_well)
    found.end = std::clamp(turn.end, heard.at - heard.uncertainty, heard.at + heard.uncertainty);
  found.end = std::clamp(found.end, turn.start, turn.cut->played_until);
  const std::string& generated = turn.generated_text.empty() ? turn.text : turn.generated_text;
  const auto words = spoken_words(turn);
  HeardText text =
      cut_to_heard(generated, words, to_ms(found.end - turn.start), to_ms(turn.cut->generated));
  found.text = std::move(text.text);
  found.is_estimated = text.is_estimated;
  found.words.assign(turn.cut->words.begin(),
                     turn.cut->words.begin() + static_cast<std::ptrdiff_t>(text.words_heard));
  return found;
}

}  // namespace earshot::recording
