// SubRip: numbered cues apart by blank lines. There is no standard and no escape; players take
// angle brackets and braces for markup, and some look for an arrow in any line.
#include "recording/detail/cue_text.hpp"
#include "recording/transcript_text.hpp"

namespace earshot::recording {
namespace {

std::string without_markup(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char letter : text) switch (letter) {
      case '<':
        out += "\xe2\x80\xb9";  // U+2039
        break;
      case '>':
        out += "\xe2\x80\xba";  // U+203A
        break;
      case '{':
        out += '(';
        break;
      case '}':
        out += ')';
        break;
      default:
        out += letter;
    }
  return out;
}

}  // namespace

std::string transcript_srt(const Transcript& transcript) {
  std::string out;
  std::size_t number = 0;
  for (const auto& turn : transcript.turns) {
    const auto text = detail::one_line(turn.text);
    if (text.empty()) continue;
    if (number > 0) out += '\n';
    out += std::to_string(++number) + '\n' + detail::cue_times(turn.place, ',') + '\n';
    out += std::string(detail::name_of(turn.speaker)) + ": " + without_markup(text);
    out += std::string(detail::mark_of(turn)) + '\n';
  }
  return out;
}

}  // namespace earshot::recording
