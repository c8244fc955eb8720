#include "store/detail/disk_share.hpp"

namespace earshot::store {
namespace {

// A tap without its header is nothing, however much of it comes later: the first piece of a file is
// taken as a ledger is.
constexpr std::uint64_t first_piece_max = 4096;

}  // namespace

bool DiskShare::takes(SpoolKind kind, std::uint64_t size, std::uint64_t waiting, bool first) {
  if (kind == SpoolKind::ledger || (first && size <= first_piece_max))
    return !ledger_refused_.load(std::memory_order_relaxed) &&
           fits(size, waiting, bytes_max_ + bytes_max_ / 8);
  if (tap_refused_.load(std::memory_order_relaxed)) return false;
  if (fits(size, waiting, bytes_max_)) return true;
  tap_refused_.store(true, std::memory_order_relaxed);
  return false;
}

DiskShare::Change DiskShare::look(std::optional<std::uint64_t> free, std::uint64_t waiting) {
  ledger_refused_.store(free && *free < free_min_ / 2, std::memory_order_relaxed);
  const bool low = free && *free < free_min_;
  const bool roomy = !free || *free >= free_min_ + free_min_ / 10;
  if (low) tap_refused_.store(true, std::memory_order_relaxed);
  if (roomy && fits(0, waiting, bytes_max_ - bytes_max_ / 10))
    tap_refused_.store(false, std::memory_order_relaxed);
  const bool refused = tap_refused_.load(std::memory_order_relaxed);
  if (refused == told_) return Change::none;
  told_ = refused;
  return refused ? Change::filled : Change::freed;
}

}  // namespace earshot::store
