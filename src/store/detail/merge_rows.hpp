#pragma once
// The table merges. All functions throw DatabaseError.

#include "domain/merge.hpp"
#include "store/detail/connection.hpp"

#include <optional>
#include <vector>

namespace earshot::store {

// `not_found` when the recording is not stored, `conflict` when it has a merge of that number.
void put_merge(Connection& connection, const Merge& merge);
// `not_found` when there is none of that number.
void update_merge(Connection& connection, const Merge& merge);
std::vector<Merge> find_merges(Connection& connection, const RecordingId& recording);
std::optional<Merge> find_merge(Connection& connection, const RecordingId& recording, int number);
int count_unfinished_merges(Connection& connection);

}  // namespace earshot::store
