#pragma once
// How many descriptors the process may have open. Systems start services with a soft limit of 1024,
// which is fewer than the sockets of the calls that one core carries, and is soon held by idle
// connections; the hard limit is what the operator means.

#include <cstdint>

namespace earshot::app {

// Raises the soft limit to the hard one; gives what holds then.
std::uint64_t raise_open_files_limit();

}  // namespace earshot::app
