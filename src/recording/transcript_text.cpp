#include "recording/transcript_text.hpp"

namespace earshot::recording {

std::string_view to_text(TranscriptFormat format) {
  switch (format) {
    case TranscriptFormat::json:
      return "json";
    case TranscriptFormat::vtt:
      return "vtt";
    case TranscriptFormat::srt:
      return "srt";
  }
  return "unknown";
}

std::optional<TranscriptFormat> parse_transcript_format(std::string_view text) {
  for (const auto format : {TranscriptFormat::json, TranscriptFormat::vtt, TranscriptFormat::srt})
    if (text == to_text(format)) return format;
  return std::nullopt;
}

std::string_view media_type(TranscriptFormat format) {
  switch (format) {
    case TranscriptFormat::json:
      return "application/json";
    case TranscriptFormat::vtt:
      return "text/vtt; charset=utf-8";
    case TranscriptFormat::srt:
      return "application/x-subrip; charset=utf-8";
  }
  return "application/octet-stream";
}

std::string write_transcript(const Transcript& transcript, TranscriptFormat format) {
  switch (format) {
    case TranscriptFormat::json:
      return transcript_json(transcript);
    case TranscriptFormat::vtt:
      return transcript_vtt(transcript);
    case TranscriptFormat::srt:
      return transcript_srt(transcript);
  }
  return "";
}

}  // namespace earshot::recording
