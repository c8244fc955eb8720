#pragma once
// What an inbound event means to its call, and what the journal says of it.

#include "domain/call_machine.hpp"
#include "ports/call_events.hpp"

#include <optional>
#include <string>

namespace earshot::calls::detail {

struct EventReading {
  std::optional<CallEvent> event;  // none: the journal alone
  std::string journal_type;        // "event CallConnected"
  std::string journal_detail;      // without personal data
};

// Of every event but IncomingCall, which makes a call rather than happening to one.
EventReading read_event(const InboundEvent& event);
// The recording that the event is about; empty when it is about none.
RecordingId recording_of(const InboundEvent& event);

}  // namespace earshot::calls::detail
