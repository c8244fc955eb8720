#pragma once
// The glossary's words for states, as API, console and log show them. (What stands in the database
// has words of its own, which never change: store/detail/words.hpp.)

#include "domain/call.hpp"
#include "domain/recording.hpp"
#include "domain/verdict.hpp"

#include <string_view>

namespace earshot {

std::string_view to_text(CallPhase phase);
std::string_view to_text(RecordingConsent consent);
std::string_view to_text(RecordingPhase phase);
std::string_view to_text(Discovery discovery);
std::string_view to_text(VerdictKind kind);
std::string_view to_text(FindingKind kind);
std::string_view to_text(SpanKind kind);
std::string_view to_text(SpanSource source);
std::string_view to_text(GapCause cause);
std::string_view to_text(MappingBasis basis);
std::string_view to_text(Speaker speaker);

}  // namespace earshot
