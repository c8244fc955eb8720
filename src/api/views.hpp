#pragma once
// What the API shows of calls and recordings, as JSON text. Times are ISO 8601 in UTC; lengths in
// seconds or milliseconds as their names say; words as in the glossary.

#include "domain/call.hpp"
#include "domain/recording.hpp"
#include "domain/turn.hpp"
#include "ports/call_lists.hpp"

#include <string>
#include <vector>

namespace earshot::api {

std::string call_list_json(const std::vector<ListedCall>& calls, const std::string& next);
std::string call_json(const ListedCall& call, const std::vector<Diagnostics>& exchanged);
std::string recording_list_json(const std::vector<ListedRecording>& recordings,
                                const std::string& next);
std::string recording_json(const ListedRecording& recording);
std::string turns_json(const std::vector<Turn>& turns);
std::string journal_json(const std::vector<JournalEntry>& entries);
// The report's four maps.
std::string diagnostics_json(const std::vector<Call>& open_calls,
                             const std::vector<Recording>& recordings);

}  // namespace earshot::api
