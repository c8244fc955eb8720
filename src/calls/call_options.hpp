#pragma once
// What is configured of taking calls. Only app/config reads the environment.

#include "bridge/call_bridge.hpp"
#include "domain/acs_resources.hpp"
#include "domain/call_machine.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace earshot::calls {

struct CallsOptions {
  // Where ACS reaches us: "https://voice.example.com"; plain http for loopback only.
  std::string callback_uri_host;
  // A call belongs to the one that it came in on.
  AcsResources resources{{{"default", ""}}};
  // Called numbers that are answered ("+15550100"); empty = all. Others are left to ring.
  std::vector<std::string> numbers;
  // Beyond these a call is rejected as busy.
  std::size_t calls_max = 700;
  std::uint32_t media_sample_rate_hz = 24000;
  // BYOS: the container's URL; none = service-managed.
  std::optional<std::string> recording_container_url;
  // RECORDING_SUPPRESS_8522_WARN: the line about a recording already gone is for debugging only.
  bool suppress_8522_warn = false;
  Duration discovery_first_due = 5s;  // after the recording's end
  Duration discovery_deadline = 24h;
  Duration verdict_first_due = 10s;  // after the call's end
  // Service-managed: the word on where a recording's files are is missed so long after its end.
  Duration file_event_alert_after = 15min;
  // BYOS: the export has so long after that word, before a second copy is asked of ACS.
  Duration second_copy_after = 5min;
  // What is still going on when the service must stop is hung up; false leaves the phone calls to
  // the next process.
  bool hang_up_at_stop = true;

  // The machine's channels, format and byos are how recordings are asked for.
  CallMachineOptions machine;
  BridgeOptions bridge;

  // Bounds. Above the first two, stored events wait in the database and are read again later.
  std::size_t events_waiting_max = 10'000;  // not yet given to their call
  std::size_t events_of_call_max = 1'000;   // given to one call and not yet handled
  std::size_t notes_waiting_max = 20'000;   // turns, bridge notes and diagnostics; oldest dropped
  std::size_t known_calls_max = 50'000;     // link keys kept in memory
  Duration database_retry = 250ms;          // doubling to the maximum while the database is away
  Duration database_retry_max = 5s;
};

}  // namespace earshot::calls
