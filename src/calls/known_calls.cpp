#include "calls/known_calls.hpp"

#include <utility>

namespace earshot::calls {

void KnownCalls::remember(const ContextId& call, std::string link_key) {
  std::lock_guard lock(mutex_);
  if (!keys_.insert_or_assign(call, std::move(link_key)).second) return;
  order_.push_back(call);
  while (order_.size() > calls_max_) {
    keys_.erase(order_.front());
    order_.pop_front();
  }
}

std::optional<std::string> KnownCalls::link_key(const ContextId& call) const {
  std::lock_guard lock(mutex_);
  const auto found = keys_.find(call);
  return found == keys_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace earshot::calls
