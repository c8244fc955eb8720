#pragma once
// The table downlink_delays. All functions throw DatabaseError.

#include "domain/downlink.hpp"
#include "store/detail/connection.hpp"

#include <vector>

namespace earshot::store {

// Inserted, or in the place of what the call had.
void put_downlink(Connection& connection, const MeasuredDownlink& measured);
std::vector<MeasuredDownlink> find_downlinks(Connection& connection, int limit);  // newest first

}  // namespace earshot::store
