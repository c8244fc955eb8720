#include "store/detail/words.hpp"

#include "store/detail/connection.hpp"

#include <algorithm>
#include <array>

namespace earshot::store {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 5> call_phases{"ringing", "answering", "connected", "ended",
                                                      "not_answered"};
constexpr std::array<std::string_view, 3> wishes{"record", "pause", "stop"};
constexpr std::array<std::string_view, 7> recording_phases{
    "none", "starting", "active", "paused", "stopping", "stopped", "failed"};
constexpr std::array<std::string_view, 2> channel_words{"mixed", "unmixed"};
constexpr std::array<std::string_view, 2> formats{"wav", "mp3"};
constexpr std::array<std::string_view, 5> discoveries{"not_started", "searching", "found",
                                                      "incomplete", "missing"};
constexpr std::array<std::string_view, 2> speakers{"caller", "assistant"};

template <std::size_t N, class Enum>
void find_word(const std::array<std::string_view, N>& words, const std::string& word, Enum& value) {
  const auto found = std::ranges::find(words, word);
  if (found == words.end())
    throw DatabaseError({.kind = ErrorKind::corrupt,
                         .message = "the database holds an unknown word where a state belongs"},
                        false);
  value = static_cast<Enum>(found - words.begin());
}

template <std::size_t N, class Enum>
std::string_view word_of(const std::array<std::string_view, N>& words, Enum value) {
  return words.at(static_cast<std::size_t>(value));
}

}  // namespace

std::string_view to_word(CallPhase phase) { return word_of(call_phases, phase); }
std::string_view to_word(RecordingWish wish) { return word_of(wishes, wish); }
std::string_view to_word(RecordingPhase phase) { return word_of(recording_phases, phase); }
std::string_view to_word(RecordingChannels channels) { return word_of(channel_words, channels); }
std::string_view to_word(RecordingFormat format) { return word_of(formats, format); }
std::string_view to_word(Discovery discovery) { return word_of(discoveries, discovery); }
std::string_view to_word(Speaker speaker) { return word_of(speakers, speaker); }

void from_word(const std::string& word, CallPhase& phase) { find_word(call_phases, word, phase); }
void from_word(const std::string& word, RecordingWish& wish) { find_word(wishes, word, wish); }
void from_word(const std::string& word, RecordingPhase& phase) {
  find_word(recording_phases, word, phase);
}
void from_word(const std::string& word, RecordingChannels& channels) {
  find_word(channel_words, word, channels);
}
void from_word(const std::string& word, RecordingFormat& format) {
  find_word(formats, word, format);
}
void from_word(const std::string& word, Discovery& discovery) {
  find_word(discoveries, word, discovery);
}
void from_word(const std::string& word, Speaker& speaker) { find_word(speakers, word, speaker); }

}  // namespace earshot::store
