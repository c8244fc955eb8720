#pragma once
// What has come of a pause or a resume that was asked for, by what the API shows of the call. Pure.
// Private to cli/calls_pause_command.cpp.

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace earshot::cli {

enum class PauseVerb { pause, resume };

// "pause", as in the API's path.
std::string_view to_text(PauseVerb verb);

struct PauseOutcome {
  enum class Kind { waiting, confirmed, failed };
  Kind kind = Kind::waiting;
  std::string reason;  // of a failure
};

// The number of the newest entry; 0 without any.
std::int64_t last_entry(const boost::json::object& journal);

// `call` as /api/v1/calls/{id} shows it, `journal` as …/journal does; entries up to `before` are
// from earlier.
PauseOutcome pause_outcome(PauseVerb verb, const boost::json::object& call,
                           const boost::json::object& journal, std::int64_t before);

}  // namespace earshot::cli
