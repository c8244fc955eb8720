#pragma once
// What WebVTT and SubRip share. Private to transcript_vtt.cpp and transcript_srt.cpp.

#include "recording/transcript.hpp"

#include <string>
#include <string_view>

namespace earshot::recording::detail {

// "00:01:02", '.' or ',', "345". What lies before zero is zero.
std::string cue_time(Duration at, char point);
// A cue that ends where it begins is none: it gets a millisecond.
std::string cue_times(const TurnPlace& place, char point);

std::string_view name_of(Speaker speaker);

// One line of well-formed text: each run of line breaks, other controls and blanks is one blank;
// NUL and bytes that are no character are U+FFFD.
std::string one_line(std::string_view text);

// "" or " [interrupted]", and so on: what a reader should know of the turn.
std::string_view mark_of(const TranscriptTurn& turn);

}  // namespace earshot::recording::detail
