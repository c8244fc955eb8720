#pragma once
// Event Grid deliveries and Call Automation callbacks, as bytes, into events. Pure; hostile input.
// Both schemas are read at every door: Event Grid's own (eventType, eventTime, topic) and
// CloudEvents 1.0 (type, time, source), one object or an array.

#include "base/result.hpp"
#include "ports/call_events.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::acs {

inline constexpr std::size_t events_per_body_max = 5000;  // Event Grid's largest batch

// An element that cannot be used; the others are not lost by it.
struct RejectedEvent {
  std::size_t index = 0;
  std::string reason;  // names the member; never a value
};

struct DecodedEvents {
  std::vector<InboundEvent> events;
  std::vector<RejectedEvent> rejected;
  // Of a SubscriptionValidationEvent, at Event Grid's door only: to be answered.
  std::optional<std::string> validation_code;
  // Events that have no business at this door and were made OtherEvent.
  std::size_t at_wrong_door = 0;
};

// What counts at which door: Event Grid's gives IncomingCall and RecordingFileStatusUpdated, the
// callback doors give everything but IncomingCall (RecordingFileStatusUpdated is taken there too).
// Anything else becomes OtherEvent, which is kept and has no effect: the doors have different
// locks. `invalid`: not JSON (with the offset), not events, or too many.
Result<DecodedEvents> decode_events(std::string_view body, EventDoor door,
                                    const ContextId& context_id);

// The text behind the last "/recordingId/" of an event's subject: a server call id is base64 and
// may hold slashes, or even the same words. "" when there is none.
std::string recording_id_of_subject(std::string_view subject);

}  // namespace earshot::acs
