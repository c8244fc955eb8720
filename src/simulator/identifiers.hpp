#pragma once
// Identifiers and times in the shapes that ACS gives them. To the other side they are opaque; the
// simulator keeps their awkward traits (base64 with '/', '+' and '=', JSON inside base64url), so
// that whoever forgets to percent-encode finds out here.

#include "base/random.hpp"
#include "base/time.hpp"

#include <string>
#include <string_view>

namespace earshot::simulator {

// Base64 (standard alphabet, padded) of a URL.
std::string make_server_call_id(Random& random);
// Base64url of {"PlatformEndpointId":…,"ResourceSpecificId":…}, unpadded.
std::string make_recording_id(Random& random);
// "0-weu-d3-" and 32 hex digits.
std::string make_document_id(Random& random);
// "8:acs:<resource>_<user>": the raw id of the automation's own participant.
std::string make_bot_raw_id(std::string_view resource_id, Random& random);
// Looks like an unsigned JWT of some kB.
std::string make_incoming_call_context(Random& random);

// "2026-03-02T09:15:31.1234560+00:00": callbacks.
std::string callback_time(WallTime time);
// "2026-03-02T09:15:31.1234560Z": Event Grid and recording metadata.
std::string event_time(WallTime time);
// "2026-03-02T09:15:34.120Z": media frames.
std::string frame_time(WallTime time);

// "4:+15550100", or "4:anonymous".
std::string phone_raw_id(std::string_view number);

}  // namespace earshot::simulator
