#pragma once
// The tables file_locations and file_fetches. All functions throw DatabaseError.

#include "domain/recording_file.hpp"
#include "store/detail/connection.hpp"

#include <vector>

namespace earshot::store {

// `not_found` when the recording is not stored. An older word never replaces a newer one.
void put_file_location(Connection& connection, const FileLocation& location);
// `not_found` when its location is not stored.
void put_file_fetch(Connection& connection, const FileFetch& fetch);
std::vector<RecordingFile> find_files(Connection& connection, const RecordingId& id);

}  // namespace earshot::store
