#pragma once
// What the doors need of the calls of this process, so that a knock costs no database read, and is
// answered while the database is away. Thread-safe. Bounded: the oldest goes; what is not here
// may still be in the store.

#include "domain/call.hpp"

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace earshot::calls {

struct KnownCall {
  std::string link_key;
  std::string resource;  // label; neither changes while the call lasts
};

class KnownCalls {
 public:
  explicit KnownCalls(std::size_t calls_max) : calls_max_(calls_max) {}
  void remember(const Call& call);
  std::optional<KnownCall> find(const ContextId& call) const;

 private:
  mutable std::mutex mutex_;
  std::size_t calls_max_;
  std::unordered_map<ContextId, KnownCall> calls_;
  std::deque<ContextId> order_;
};

}  // namespace earshot::calls
