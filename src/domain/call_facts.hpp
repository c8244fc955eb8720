#pragma once
// What a comparison of regions needs to know of a call: no ids of people, no audio, one small row.

#include "domain/call.hpp"
#include "domain/verdict.hpp"

#include <optional>
#include <string>

namespace earshot {

struct CallFacts {
  ContextId call;
  WallTime received_at{};
  std::string resource;  // label of the ACS resource that the call came in on
  CallPhase phase = CallPhase::ringing;
  bool connected = false;  // CallConnected was seen
  int end_code = 0;
  int end_sub_code = 0;
  int recording_starts = 0;            // sent to ACS
  int recordings_started = 0;          // of them accepted and not failed afterwards
  std::optional<VerdictKind> verdict;  // of the newest verdict; the rest is of it, too
  Duration present{0};
  Duration start_delay{0};
  int chunks = 0;
  bool operator==(const CallFacts&) const = default;
};

}  // namespace earshot
