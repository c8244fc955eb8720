#include "domain/heard_text.hpp"

#include <algorithm>

namespace earshot {

namespace {

// Between words there may be a pause of this much without anything being missing.
constexpr std::int64_t word_pause_max_ms = 400;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trimmed_end(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The text up to and including the last heard word and the marks that follow it. Word events may
// spell without punctuation; a word that is not found in the text is skipped over.
std::string_view up_to_words(std::string_view text, const std::vector<SpokenWord>& words,
                             std::size_t heard) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < heard; ++i) {
    if (words[i].text.empty()) continue;
    const std::size_t found = text.find(words[i].text, at);
    if (found != std::string_view::npos) at = found + words[i].text.size();
  }
  if (at == 0) return {};
  while (at < text.size() && !is_space(text[at])) ++at;
  return text.substr(0, at);
}

std::string joined(const std::vector<SpokenWord>& words, std::size_t heard) {
  std::string text;
  for (std::size_t i = 0; i < heard; ++i) {
    if (!text.empty()) text += ' ';
    text += words[i].text;
  }
  return text;
}

std::string_view in_proportion(std::string_view text, std::int64_t heard_ms,
                               std::int64_t generated_ms) {
  if (heard_ms <= 0 || generated_ms <= 0) return {};
  if (heard_ms >= generated_ms) return text;
  auto at =
      static_cast<std::size_t>(static_cast<double>(text.size()) * static_cast<double>(heard_ms) /
                               static_cast<double>(generated_ms));
  at = std::min(at, text.size());
  if (at < text.size() && !is_space(text[at]))
    while (at > 0 && !is_space(text[at - 1])) --at;
  return trimmed_end(text.substr(0, at));
}

}  // namespace

HeardText cut_to_heard(std::string_view text, const std::vector<SpokenWord>& words,
                       std::int64_t heard_ms, std::int64_t generated_ms) {
  HeardText heard;
  if (heard_ms <= 0) return heard;
  const auto unheard = std::ranges::find_if(words, [&](const SpokenWord& word) {
    return word.offset_ms + word.duration_ms / 2 > heard_ms;
  });
  heard.words_heard = static_cast<std::size_t>(unheard - words.begin());
  const bool words_reach = !words.empty() && words.back().end_ms() + word_pause_max_ms >= heard_ms;
  if (words_reach) {
    heard.text = up_to_words(text, words, heard.words_heard);
    if (heard.text.empty()) heard.text = joined(words, heard.words_heard);
    return heard;
  }
  heard.is_estimated = true;
  heard.text = in_proportion(text, heard_ms, generated_ms);
  return heard;
}

}  // namespace earshot
