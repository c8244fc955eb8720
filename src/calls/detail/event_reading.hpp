#pragma once
// What an inbound event means to its call, and what the journal says of it.

#include "domain/call_machine.hpp"
#include "domain/recording_file.hpp"
#include "ports/call_events.hpp"

#include <optional>
#include <string>
#include <vector>

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
// Where ACS keeps the chunks that the event names, and until when; none of other events.
std::vector<FileLocation> file_locations_of(const InboundEvent& event, WallTime received_at);

}  // namespace earshot::calls::detail
