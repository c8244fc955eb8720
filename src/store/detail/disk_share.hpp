#pragma once
// How much of the disk the tap spool may have, and what is still taken when that is used up: tap
// audio stops first, the ledger, a thousandth of it, an eighth later. A decision without a disk;
// the spool tells it what was written, what was removed and how much is free.

#include "ports/tap_spool.hpp"

#include <atomic>
#include <cstdint>
#include <optional>

namespace earshot::store {

class DiskShare {
 public:
  // `bytes_max`: of tap and ledger files together; `free_min`: left to others on that disk.
  DiskShare(std::uint64_t bytes_max, std::uint64_t free_min)
      : bytes_max_(bytes_max), free_min_(free_min) {}

  // Producers', on any thread; neither locks nor waits. `waiting`: bytes of all runs that are not
  // written yet. `first`: nothing was appended to this file yet.
  bool takes(SpoolKind kind, std::uint64_t size, std::uint64_t waiting, bool first);

  // Any thread's.
  void add(std::uint64_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void subtract(std::uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }

  // The spool thread's, at every pass. Tap audio is taken again when a tenth is free, so that a
  // spool on the edge does not keep every second piece. `free`: none when nobody can tell.
  enum class Change { none, filled, freed };
  Change look(std::optional<std::uint64_t> free, std::uint64_t waiting);

 private:
  bool fits(std::uint64_t size, std::uint64_t waiting, std::uint64_t bytes_max) const {
    return used() + waiting + size <= bytes_max;
  }

  std::uint64_t bytes_max_;
  std::uint64_t free_min_;
  std::atomic<std::uint64_t> used_ = 0;
  std::atomic<bool> tap_refused_ = false;
  std::atomic<bool> ledger_refused_ = false;
  bool told_ = false;  // the spool thread's
};

}  // namespace earshot::store
