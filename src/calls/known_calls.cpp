#include "calls/known_calls.hpp"

namespace earshot::calls {

void KnownCalls::remember(const Call& call) {
  std::lock_guard lock(mutex_);
  const KnownCall known{.link_key = call.link_key, .resource = call.resource};
  if (!calls_.insert_or_assign(call.id, known).second) return;
  order_.push_back(call.id);
  while (order_.size() > calls_max_) {
    calls_.erase(order_.front());
    order_.pop_front();
  }
}

std::optional<KnownCall> KnownCalls::find(const ContextId& call) const {
  std::lock_guard lock(mutex_);
  const auto found = calls_.find(call);
  return found == calls_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace earshot::calls
