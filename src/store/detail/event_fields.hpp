#pragma once
// An inbound event as text, so that it can be handled after a restart without decoding its JSON a
// second time. One "name=text" a line (field_text.hpp): door, id, type, occurred_at (microseconds),
// context_id, connection_id, server_call_id, correlation_id, then body=<word> and the body's own
// fields. A chunk of RecordingFileStatusUpdated begins with chunk=<index>. `raw` is not among them:
// the table journal_raw and the spool keep it beside.
// The text holds the incoming call context and telephone numbers: it is erased when handled.

#include "ports/call_events.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace earshot::store {

std::string write_event_fields(const InboundEvent& event);
// `corrupt` when the text is not what write_event_fields() gives. `raw` stays empty.
Result<InboundEvent> read_event_fields(std::string_view text);

// The key by which an event that comes twice is known: SHA-256, in hex, of door, id, and the
// context id or, without one, the correlation id.
std::string event_key(const InboundEvent& event);

// The body without what answering the call needs, which is kept in the fields alone.
std::string raw_without_secret(const InboundEvent& event);

// "event_grid" and so on, as stored.
std::string_view door_word(EventDoor door);

}  // namespace earshot::store
