#pragma once
// One response at a time: a response.create while another response is active is refused by the
// service, so it waits here for response.done. Pure.

#include "base/time.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace earshot::voice_live {

struct ResponseRequest {
  std::string event_id;
  std::string message;  // the response.create
};

class ResponseGate {
 public:
  explicit ResponseGate(std::size_t waiting_max) : waiting_max_(waiting_max) {}

  enum class Taken { send_now, queued, full };
  // send_now: the caller sends `request` at once.
  Taken want(ResponseRequest request, SteadyTime now);
  // response.created, also of one that the service's turn detection began.
  void started(std::string response_id);
  // response.done. What is given is to be sent now.
  std::optional<ResponseRequest> finished(SteadyTime now);
  enum class Fault { not_ours, waits, lost };
  // An error that names the event we sent. `waits`: another response was active after all, and the
  // request waits its turn. `lost`: it is gone; call next().
  Fault failed(std::string_view event_id, std::string_view code);
  std::optional<ResponseRequest> next(SteadyTime now);

  bool is_active(std::string_view response_id) const { return response_id == active_; }

 private:
  // A request that the service never answered must not block those behind it for ever.
  static constexpr Duration answer_wait_max = 15s;

  bool is_busy(SteadyTime now) const;

  std::size_t waiting_max_;
  std::deque<ResponseRequest> waiting_;
  std::optional<ResponseRequest> asked_;  // sent, response.created not yet seen
  SteadyTime asked_at_{};
  bool responding_ = false;
  std::string active_;
};

}  // namespace earshot::voice_live
