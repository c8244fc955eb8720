#include "simulator/service_storage.hpp"

namespace earshot::simulator {

ServiceStorage::ServiceStorage(Clock& clock, Duration kept_for, std::size_t bytes_max)
    : clock_(clock), kept_for_(kept_for), bytes_max_(bytes_max) {}

void ServiceStorage::put(std::string document_id, std::string content, std::string metadata) {
  bytes_ += content.size() + metadata.size();
  stored_[document_id] = {std::move(content), std::move(metadata), clock_.wall_now() + kept_for_};
  order_.push_back(std::move(document_id));
  while (bytes_ > bytes_max_ && order_.size() > 1) {
    if (erase(std::string(order_.front()))) ++pushed_out_;
  }
}

const ServiceStorage::Stored* ServiceStorage::find(const std::string& document_id) {
  const auto found = stored_.find(document_id);
  if (found == stored_.end() || clock_.wall_now() > found->second.expires) return nullptr;
  return &found->second;
}

bool ServiceStorage::erase(const std::string& document_id) {
  std::erase(order_, document_id);
  const auto found = stored_.find(document_id);
  if (found == stored_.end()) return false;
  bytes_ -= found->second.content.size() + found->second.metadata.size();
  stored_.erase(found);
  return true;
}

}  // namespace earshot::simulator
