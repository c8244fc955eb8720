#include "simulator/call_book.hpp"

#include <algorithm>

namespace earshot::simulator {

void CallBook::add(std::shared_ptr<Call> call) {
  forget_retired();
  by_context_[call->incoming_call_context()] = call;
  by_server_call_[call->ids().server_call_id] = call;
  calls_[call->ids().connection_id] = std::move(call);
}

void CallBook::change_context(const std::string& before, const std::shared_ptr<Call>& call) {
  by_context_.erase(before);
  by_context_[call->incoming_call_context()] = call;
}

void CallBook::retire(const std::shared_ptr<Call>& call) {
  retired_.push_back(call);
  forget_retired();
}

void CallBook::forget_retired() {
  std::erase_if(retired_, [this](const std::shared_ptr<Call>& call) {
    if (call->is_readable()) return false;
    by_context_.erase(call->incoming_call_context());
    by_server_call_.erase(call->ids().server_call_id);
    calls_.erase(call->ids().connection_id);
    return true;
  });
}

std::shared_ptr<Call> CallBook::find(const std::map<std::string, std::shared_ptr<Call>>& map,
                                     const std::string& id) {
  const auto found = map.find(id);
  return found == map.end() ? nullptr : found->second;
}

std::shared_ptr<Call> CallBook::by_context(const std::string& incoming_call_context) const {
  return find(by_context_, incoming_call_context);
}

std::shared_ptr<Call> CallBook::by_connection(const std::string& connection_id) const {
  auto call = find(calls_, connection_id);
  return call != nullptr && call->is_readable() ? call : nullptr;
}

std::shared_ptr<Call> CallBook::by_server_call(const std::string& server_call_id) const {
  auto call = find(by_server_call_, server_call_id);
  return call != nullptr && call->is_readable() ? call : nullptr;
}

CallBook::Recording CallBook::recording(const std::string& recording_id) const {
  for (const auto& [id, call] : calls_)
    if (auto session = call->find_recording(recording_id); session != nullptr)
      return {call, std::move(session)};
  return {};
}

}  // namespace earshot::simulator
