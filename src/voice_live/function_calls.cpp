#include "voice_live/detail/function_calls.hpp"

namespace earshot::voice_live::detail {

namespace {

// The name comes with the announcement, the arguments later; either may be repeated.
void fill(std::string& known, const std::string& said) {
  if (!said.empty()) known = said;
}

}  // namespace

std::optional<FunctionCall> FunctionCalls::learn(const FunctionItem& item) {
  if (item.call_id.empty() || told_.contains(item.call_id)) return std::nullopt;
  if (!coming_.contains(item.call_id) && coming_.size() >= functions_max) return std::nullopt;
  auto& known = coming_[item.call_id];
  fill(known.response_id, item.response_id);
  fill(known.item_id, item.item_id);
  fill(known.call_id, item.call_id);
  fill(known.name, item.name);
  fill(known.arguments, item.arguments);
  if (!item.is_finished) return std::nullopt;
  const auto finished = known;
  coming_.erase(item.call_id);
  if (!item.is_completed || finished.name.empty() || open_.size() >= functions_max)
    return std::nullopt;
  told_.insert(finished.call_id);
  open_[finished.call_id] = finished.response_id;
  return FunctionCall{.response_id = finished.response_id,
                      .item_id = finished.item_id,
                      .call_id = finished.call_id,
                      .name = finished.name,
                      .arguments = finished.arguments};
}

void FunctionCalls::response_done(const std::string& response_id) {
  std::erase_if(coming_,
                [&](const auto& entry) { return entry.second.response_id == response_id; });
  told_.clear();
}

std::optional<std::string> FunctionCalls::response_of(const std::string& call_id) const {
  const auto found = open_.find(call_id);
  if (found == open_.end()) return std::nullopt;
  return found->second;
}

}  // namespace earshot::voice_live::detail
