#pragma once
// What an operator names a recording by: its recordingId, or the contextId of its call, whose
// newest recording is meant.

#include "cli/api_client.hpp"

#include <string>

namespace earshot::cli {

// A recordingId is given back as it is. `not_found`: no such call, or a call without a recording.
Task<Result<std::string>> find_recording(ApiClient& client, std::string name);

}  // namespace earshot::cli
