#include "recording/detail/cue_text.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::recording::detail {
namespace {

bool is_blank(char32_t code) {
  // Line and paragraph separator break a line as well.
  return code == 0x20 || (code >= 0x01 && code < 0x20) || (code >= 0x7f && code < 0xa0) ||
         code == 0x2028 || code == 0x2029;
}

long long to_ms(Duration at) { return std::max<long long>(0, (at.count() + 500) / 1000); }

std::string time_of(long long ms, char point) {
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60,
                     point, ms % 1000);
}

}  // namespace

std::string cue_time(Duration at, char point) { return time_of(to_ms(at), point); }

std::string cue_times(const TurnPlace& place, char point) {
  const auto start = to_ms(place.start);
  return time_of(start, point) + " --> " + time_of(std::max(start + 1, to_ms(place.end)), point);
}

std::string_view name_of(Speaker speaker) {
  return speaker == Speaker::caller ? "Caller" : "Assistant";
}

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  bool blank = false;
  while (!text.empty()) {
    const auto character = first_character(text);
    text.remove_prefix(std::max<std::size_t>(1, character.bytes));
    const bool is_bad = character.bytes == 0 || character.code == 0;
    if (!is_bad && is_blank(character.code)) {
      blank = !line.empty();
      continue;
    }
    if (blank) line += ' ';
    blank = false;
    append_character(line, is_bad ? replacement_character : character.code);
  }
  return line;
}

std::string_view mark_of(const TranscriptTurn& turn) {
  if (!turn.interrupted) return "";
  return turn.cut_is_estimated ? " [interrupted, cut estimated]" : " [interrupted]";
}

}  // namespace earshot::recording::detail
