#pragma once
// The words by which enumerators stand in the database: part of the schema, never renamed.

#include "domain/alert.hpp"
#include "domain/call.hpp"
#include "domain/import.hpp"
#include "domain/merge.hpp"
#include "domain/recording.hpp"
#include "domain/recording_file.hpp"
#include "domain/turn.hpp"
#include "domain/verdict.hpp"

#include <string>
#include <string_view>

namespace earshot::store {

std::string_view to_word(CallPhase phase);
std::string_view to_word(RecordingWish wish);
std::string_view to_word(RecordingConsent consent);
std::string_view to_word(RecordingPhase phase);
std::string_view to_word(RecordingChannels channels);
std::string_view to_word(RecordingFormat format);
std::string_view to_word(Discovery discovery);
std::string_view to_word(Speaker speaker);
std::string_view to_word(VerdictKind kind);
std::string_view to_word(FindingKind kind);
std::string_view to_word(SpanKind kind);
std::string_view to_word(SpanSource source);
std::string_view to_word(GapCause cause);
std::string_view to_word(MappingBasis basis);
std::string_view to_word(FileState state);
std::string_view to_word(MergeState state);
std::string_view to_word(ImportState state);
std::string_view to_word(ImportOutcome outcome);
std::string_view to_word(AlertState state);
std::string_view to_word(DeliveryState state);

// Throws DatabaseError (`corrupt`) for a word that is none.
void from_word(const std::string& word, CallPhase& phase);
void from_word(const std::string& word, RecordingWish& wish);
void from_word(const std::string& word, RecordingConsent& consent);
void from_word(const std::string& word, RecordingPhase& phase);
void from_word(const std::string& word, RecordingChannels& channels);
void from_word(const std::string& word, RecordingFormat& format);
void from_word(const std::string& word, Discovery& discovery);
void from_word(const std::string& word, Speaker& speaker);
void from_word(const std::string& word, VerdictKind& kind);
void from_word(const std::string& word, FindingKind& kind);
void from_word(const std::string& word, SpanKind& kind);
void from_word(const std::string& word, SpanSource& source);
void from_word(const std::string& word, GapCause& cause);
void from_word(const std::string& word, MappingBasis& basis);
void from_word(const std::string& word, FileState& state);
void from_word(const std::string& word, MergeState& state);
void from_word(const std::string& word, ImportState& state);
void from_word(const std::string& word, ImportOutcome& outcome);
void from_word(const std::string& word, AlertState& state);
void from_word(const std::string& word, DeliveryState& state);

}  // namespace earshot::store
