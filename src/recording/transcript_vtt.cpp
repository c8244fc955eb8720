// WebVTT (https://www.w3.org/TR/webvtt1/): a header, then cues apart by blank lines.
#include "recording/detail/cue_text.hpp"
#include "recording/transcript_text.hpp"

namespace earshot::recording {
namespace {

// With these three no tag, no entity and no arrow can stand in a cue's payload.
std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char letter : text) switch (letter) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += letter;
    }
  return out;
}

}  // namespace

std::string transcript_vtt(const Transcript& transcript) {
  std::string out = "WEBVTT\n";
  std::size_t number = 0;
  for (const auto& turn : transcript.turns) {
    const auto text = detail::one_line(turn.text);
    if (text.empty()) continue;
    out += '\n' + std::to_string(++number) + '\n' + detail::cue_times(turn.place, '.') + '\n';
    out += "<v " + std::string(detail::name_of(turn.speaker)) + '>' + escaped(text);
    out += std::string(detail::mark_of(turn)) + "</v>\n";
  }
  return out;
}

}  // namespace earshot::recording
