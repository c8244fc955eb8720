// links: acs
// What Event Grid and ACS post is parsed before anything of it is believed: whatever the bytes,
// decoding ends, and the same bytes give the same events.
#include "acs/event_decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace earshot;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view body, EventDoor door) {
  const auto decoded = acs::decode_events(body, door, ContextId{"call"});
  if (!decoded) return require(decoded.error().kind == ErrorKind::invalid);
  for (const auto& event : decoded->events) {
    require(!event.id.empty() && !event.type.empty());
    // At ACS's own doors so are events that may hold keys or speech.
    if (std::holds_alternative<OtherEvent>(event.body) &&
        (door == EventDoor::event_grid || body.find(event.raw) == std::string_view::npos)) {
      // Of no interest: of its text only id and type are kept, escaped (six bytes a byte at most).
      require(event.raw.size() <= 6 * (event.id.size() + event.type.size()) + 32);
      continue;
    }
    // Its own text, and nothing else, so that it can be read again.
    require(body.find(event.raw) != std::string_view::npos);
    const auto again = acs::decode_events(event.raw, door, ContextId{"call"});
    require(again.has_value() && again->events.size() == 1);
    require(again->events[0].id == event.id && again->events[0].type == event.type);
    require(again->events[0].body.index() == event.body.index());
    if (door != EventDoor::event_grid) require(!std::holds_alternative<IncomingCall>(event.body));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  check(body, EventDoor::event_grid);
  check(body, EventDoor::call_callback);
  check(body, EventDoor::recording_callback);
  return 0;
}
