#pragma once
// A transcript written down. Pure. What was said is text from outside: whatever it holds, it stays
// the payload of its cue.

#include "recording/transcript.hpp"

#include <string>
#include <string_view>

namespace earshot::recording {

enum class TranscriptFormat { json, vtt, srt };
std::string_view to_text(TranscriptFormat format);
std::optional<TranscriptFormat> parse_transcript_format(std::string_view text);
std::string_view media_type(TranscriptFormat format);

std::string write_transcript(const Transcript& transcript, TranscriptFormat format);

std::string transcript_json(const Transcript& transcript);
// WebVTT: a cue for each turn with text, its speaker as voice. Cues may overlap, as speech does.
std::string transcript_vtt(const Transcript& transcript);
// SubRip, which has no escapes: what a player could take for markup is replaced by its look-alike
// (angle brackets by single guillemets, braces by parentheses). The other two forms have the text
// as it was.
std::string transcript_srt(const Transcript& transcript);

}  // namespace earshot::recording
