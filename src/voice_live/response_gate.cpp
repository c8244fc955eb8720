#include "voice_live/response_gate.hpp"

#include <utility>

namespace earshot::voice_live {

bool ResponseGate::is_busy(SteadyTime now) const {
  return responding_ || (asked_ && now - asked_at_ < answer_wait_max);
}

ResponseGate::Taken ResponseGate::want(ResponseRequest request, SteadyTime now) {
  if (!is_busy(now) && waiting_.empty()) {
    asked_ = std::move(request);
    asked_at_ = now;
    return Taken::send_now;
  }
  if (waiting_.size() >= waiting_max_) return Taken::full;
  waiting_.push_back(std::move(request));
  return Taken::queued;
}

void ResponseGate::started(std::string response_id) {
  // Whose it is cannot be told; if it is the turn detection's, ours is refused and comes back.
  responding_ = true;
  active_ = std::move(response_id);
}

std::optional<ResponseRequest> ResponseGate::finished(SteadyTime now) {
  if (responding_) asked_.reset();
  responding_ = false;
  active_.clear();
  return next(now);
}

ResponseGate::Fault ResponseGate::failed(std::string_view event_id, std::string_view code) {
  if (!asked_ || event_id.empty() || asked_->event_id != event_id) return Fault::not_ours;
  auto request = std::move(*asked_);
  asked_.reset();
  if (code != "conversation_already_has_active_response") return Fault::lost;
  waiting_.push_front(std::move(request));
  responding_ = true;  // the service says so; response.done will come
  return Fault::waits;
}

std::optional<ResponseRequest> ResponseGate::next(SteadyTime now) {
  if (is_busy(now) || waiting_.empty()) return std::nullopt;
  asked_ = std::move(waiting_.front());
  waiting_.pop_front();
  asked_at_ = now;
  return asked_;
}

}  // namespace earshot::voice_live
