#pragma once
// A call that was never ours: its recording was found in the container and adopted, and every
// recording belongs to a call. It is over, was neither answered nor connected, and so nobody waits
// for its verdict; it was received when the recording began, and ended when that did.

#include "domain/call.hpp"

#include <string>
#include <string_view>

namespace earshot {

// No ring has such a key, and the store keeps each key once: two who adopt the same at the same
// time make one call.
inline constexpr std::string_view imported_ring_prefix = "imported/";

inline bool is_imported(const Call& call) {
  return call.ring_key.starts_with(imported_ring_prefix);
}

}  // namespace earshot
