#pragma once
// How many descriptors the process may have open. Systems start services with a soft limit of 1024,
// which is fewer than the sockets of the calls that one core carries, and is soon held by idle
// connections; the hard limit is what the operator means.

#include <cstddef>
#include <cstdint>

namespace earshot::app {

// Raises the soft limit to the hard one; gives what holds then.
std::uint64_t raise_open_files_limit();

// How many connections a worker's door may hold when so many descriptors are allowed: half of them,
// shared by the workers, because each call has as many again behind its door (Voice Live, two tap
// files), and database, log and outgoing requests need some.
std::size_t connections_per_worker(std::uint64_t open_files, std::size_t workers);

}  // namespace earshot::app
