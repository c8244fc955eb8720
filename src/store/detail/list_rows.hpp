#pragma once
// Pages of calls and recordings with what belongs to each; as ports/call_lists.hpp says. Four
// statements a page. Throw DatabaseError.

#include "ports/call_lists.hpp"
#include "store/detail/connection.hpp"

#include <vector>

namespace earshot::store {

std::vector<ListedCall> read_calls_page(Connection& connection, const CallQuery& query);
std::vector<ListedRecording> read_recordings_page(Connection& connection,
                                                  const RecordingQuery& query);

}  // namespace earshot::store
