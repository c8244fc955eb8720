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
constexpr std::array<std::string_view, 2> consents{"record_first", "notice_first"};
constexpr std::array<std::string_view, 7> recording_phases{
    "none", "starting", "active", "paused", "stopping", "stopped", "failed"};
constexpr std::array<std::string_view, 2> channel_words{"mixed", "unmixed"};
constexpr std::array<std::string_view, 2> formats{"wav", "mp3"};
constexpr std::array<std::string_view, 5> discoveries{"not_started", "searching", "found",
                                                      "incomplete", "missing"};
constexpr std::array<std::string_view, 2> speakers{"caller", "assistant"};
constexpr std::array<std::string_view, 7> verdict_kinds{
    "complete", "gapped", "truncated", "silent", "missing", "pending", "failed"};
constexpr std::array<std::string_view, 27> finding_kinds{"duplicate_chunk",
                                                         "overlapping_chunks",
                                                         "missing_index",
                                                         "chunk_empty",
                                                         "chunk_torn",
                                                         "chunk_unreadable",
                                                         "metadata_missing",
                                                         "metadata_contradicts",
                                                         "metadata_swapped",
                                                         "metadata_of_another_call",
                                                         "start_delay",
                                                         "tail_loss",
                                                         "too_long",
                                                         "party_silent",
                                                         "assistant_channel_absent",
                                                         "unaligned",
                                                         "uncorroborated",
                                                         "clock_drift",
                                                         "several_recordings",
                                                         "chunk_count_unusual",
                                                         "ledger_lost",
                                                         "tap_lost",
                                                         "end_uncertain",
                                                         "not_examined",
                                                         "contents_differ",
                                                         "own_voice_returns",
                                                         "notice_not_played"};
constexpr std::array<std::string_view, 4> span_kinds{"recorded", "paused", "gap", "repaired"};
constexpr std::array<std::string_view, 4> span_sources{"none", "acs", "acs_second_copy", "tap"};
constexpr std::array<std::string_view, 9> gap_causes{
    "none",        "never_recorded", "late_start",        "chunk_missing", "chunk_torn",
    "chunk_empty", "between_chunks", "recording_stopped", "tail_lost"};
constexpr std::array<std::string_view, 3> mapping_bases{"metadata", "levels", "waveform"};
constexpr std::array<std::string_view, 4> file_states{"waiting", "fetched", "not_needed",
                                                      "expired"};
constexpr std::array<std::string_view, 4> merge_states{"waiting", "running", "done", "failed"};
constexpr std::array<std::string_view, 4> import_states{"waiting", "running", "done", "failed"};
constexpr std::array<std::string_view, 6> import_outcomes{"adopted",  "updated", "known",
                                                          "searched", "refused", "left"};
constexpr std::array<std::string_view, 4> alert_states{"waiting", "delivered", "dead", "kept"};
constexpr std::array<std::string_view, 3> delivery_states{"waiting", "delivered", "dead"};

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
std::string_view to_word(RecordingConsent consent) { return word_of(consents, consent); }
std::string_view to_word(RecordingPhase phase) { return word_of(recording_phases, phase); }
std::string_view to_word(RecordingChannels channels) { return word_of(channel_words, channels); }
std::string_view to_word(RecordingFormat format) { return word_of(formats, format); }
std::string_view to_word(Discovery discovery) { return word_of(discoveries, discovery); }
std::string_view to_word(Speaker speaker) { return word_of(speakers, speaker); }
std::string_view to_word(VerdictKind kind) { return word_of(verdict_kinds, kind); }
std::string_view to_word(FindingKind kind) { return word_of(finding_kinds, kind); }
std::string_view to_word(SpanKind kind) { return word_of(span_kinds, kind); }
std::string_view to_word(SpanSource source) { return word_of(span_sources, source); }
std::string_view to_word(GapCause cause) { return word_of(gap_causes, cause); }
std::string_view to_word(MappingBasis basis) { return word_of(mapping_bases, basis); }
std::string_view to_word(FileState state) { return word_of(file_states, state); }
std::string_view to_word(MergeState state) { return word_of(merge_states, state); }
std::string_view to_word(ImportState state) { return word_of(import_states, state); }
std::string_view to_word(ImportOutcome outcome) { return word_of(import_outcomes, outcome); }
std::string_view to_word(AlertState state) { return word_of(alert_states, state); }
std::string_view to_word(DeliveryState state) { return word_of(delivery_states, state); }

void from_word(const std::string& word, CallPhase& phase) { find_word(call_phases, word, phase); }
void from_word(const std::string& word, RecordingWish& wish) { find_word(wishes, word, wish); }
void from_word(const std::string& word, RecordingConsent& consent) {
  find_word(consents, word, consent);
}
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
void from_word(const std::string& word, VerdictKind& kind) { find_word(verdict_kinds, word, kind); }
void from_word(const std::string& word, FindingKind& kind) { find_word(finding_kinds, word, kind); }
void from_word(const std::string& word, SpanKind& kind) { find_word(span_kinds, word, kind); }
void from_word(const std::string& word, SpanSource& source) {
  find_word(span_sources, word, source);
}
void from_word(const std::string& word, GapCause& cause) { find_word(gap_causes, word, cause); }
void from_word(const std::string& word, MappingBasis& basis) {
  find_word(mapping_bases, word, basis);
}
void from_word(const std::string& word, FileState& state) { find_word(file_states, word, state); }
void from_word(const std::string& word, MergeState& state) { find_word(merge_states, word, state); }
void from_word(const std::string& word, ImportState& state) {
  find_word(import_states, word, state);
}
void from_word(const std::string& word, ImportOutcome& outcome) {
  find_word(import_outcomes, word, outcome);
}
void from_word(const std::string& word, AlertState& state) { find_word(alert_states, word, state); }
void from_word(const std::string& word, DeliveryState& state) {
  find_word(delivery_states, word, state);
}

}  // namespace earshot::store
