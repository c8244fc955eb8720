#pragma once
// Dead letters of Event Grid, decoded as what comes through its door, and handed to the inbox.

#include "ports/call_events.hpp"
#include "ports/event_replay.hpp"

namespace earshot::acs {

class DecodedEventReplay : public EventReplay {
 public:
  // Outlives this.
  explicit DecodedEventReplay(CallEvents& events) : events_(events) {}
  Task<Result<ReplayOutcome>> replay(std::string body) override;

 private:
  CallEvents& events_;
};

}  // namespace earshot::acs
