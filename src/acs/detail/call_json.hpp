#pragma once
// Bodies of Call Automation requests and replies, api-version 2026-03-12, as text.

#include "ports/call_control.hpp"

#include <string>
#include <string_view>

namespace earshot::acs::detail {

// `invalid` for a sample rate that ACS does not stream.
Result<std::string> answer_body(const AnswerRequest& request);
std::string reject_body(const Secret& incoming_call_context);
// `invalid` for unmixed with anything but wav, which ACS does not record.
Result<std::string> start_recording_body(const StartRecordingRequest& request);

// `corrupt`: not JSON, or the id that the reply is for is missing.
Result<CallProperties> parse_call_properties(std::string_view body);
Result<RecordingStatus> parse_recording_status(std::string_view body);

struct ServiceError {
  std::string code;     // "8522"; "" when the body has none
  std::string message;  // at most 300 bytes
};
// Never fails: infrastructure in front of ACS answers with other shapes and with HTML.
ServiceError parse_service_error(std::string_view body);

}  // namespace earshot::acs::detail
