#pragma once
// The link keys of the calls of this process, so that a knock at a door costs no database read, and
// is answered while the database is away. Thread-safe. Bounded: the oldest goes; what is not here
// may still be in the store.

#include "domain/ids.hpp"

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace earshot::calls {

class KnownCalls {
 public:
  explicit KnownCalls(std::size_t calls_max) : calls_max_(calls_max) {}
  void remember(const ContextId& call, std::string link_key);
  std::optional<std::string> link_key(const ContextId& call) const;

 private:
  mutable std::mutex mutex_;
  std::size_t calls_max_;
  std::unordered_map<ContextId, std::string> keys_;
  std::deque<ContextId> order_;
};

}  // namespace earshot::calls
