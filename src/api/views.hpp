#pragma once
// What the API shows of calls and recordings, as JSON text. Times are ISO 8601 in UTC; lengths in
// seconds or milliseconds as their names say; words as in the glossary.

#include "domain/call.hpp"
#include "domain/recording.hpp"
#include "domain/turn.hpp"
#include "domain/verdict.hpp"
#include "ports/call_store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::api {

struct CallView {
  Call call;
  CallPersonal personal;
  std::vector<Recording> recordings;
  std::vector<Diagnostics> diagnostics;
  std::optional<Verdict> verdict;  // the newest
};

struct RecordingView {
  Recording recording;
  std::vector<Chunk> chunks;
  std::vector<RecordingPause> pauses;
  std::optional<Verdict> verdict;  // of its call, the newest
};

std::string call_list_json(const std::vector<CallView>& calls, const std::string& next);
std::string call_json(const CallView& view);
std::string recording_list_json(const std::vector<RecordingView>& recordings,
                                const std::string& next);
std::string recording_json(const RecordingView& view);
std::string turns_json(const std::vector<Turn>& turns);
std::string journal_json(const std::vector<JournalEntry>& entries);
// The report's four maps.
std::string diagnostics_json(const std::vector<Call>& open_calls,
                             const std::vector<Recording>& recordings);

}  // namespace earshot::api
