#pragma once
// What was said is also in the index that is searched; after texts were deleted it is cleared of
// them, step by step, so that other writes come in between.

#include "base/log.hpp"
#include "ports/retention_store.hpp"

namespace earshot::recording {

// Beyond so many steps (some gigabytes of index) the next clearing goes on; that is logged.
inline constexpr int search_clearing_steps_max = 5'000;

// Fails as the store does.
Task<Result<void>> clear_search(RetentionStore& store, Log& log,
                                int steps_max = search_clearing_steps_max);

}  // namespace earshot::recording
