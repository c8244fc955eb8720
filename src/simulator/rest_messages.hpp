#pragma once
// Bodies of the REST operations, read and written. Readers are strict about what the service's own
// specification requires and take anything else as absent.

#include "base/result.hpp"
#include "simulator/callback_events.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace earshot::simulator {

struct MediaStreamingOptions {
  std::string transport_url;
  std::string audio_channel_type = "mixed";
  bool start_at_once = false;
  bool bidirectional = false;
  bool dtmf = false;
  std::uint32_t rate_hz = 16000;
};

struct AnswerRequest {
  std::string incoming_call_context;
  std::string callback_uri;
  std::optional<std::string> operation_context;
  std::optional<MediaStreamingOptions> media;
};

struct CreateCallRequest {
  std::vector<std::string> target_raw_ids;
  std::string source_caller_id;  // a number
  std::string callback_uri;
  std::optional<std::string> operation_context;
  std::optional<MediaStreamingOptions> media;
};

struct StartRecordingRequest {
  std::string server_call_id;  // one of the two
  std::string connection_id;
  std::string state_callback_uri;
  bool unmixed = false;
  bool mp3 = false;
  bool pause_on_start = false;
  std::string container_url;  // empty: the service's own storage only
  // Pinned channels by raw id.
  std::vector<std::pair<std::string, int>> channels;
};

struct OperationRequest {
  std::optional<std::string> operation_context;
  std::string callback_uri;
};

// `invalid` with status 400 and ACS's code ("8523", "8557", …).
Result<AnswerRequest> read_answer(const std::string& body);
Result<CreateCallRequest> read_create_call(const std::string& body);
Result<StartRecordingRequest> read_start_recording(const std::string& body);
Result<OperationRequest> read_operation(const std::string& body);
struct RedirectRequest {
  std::string incoming_call_context;
  std::string target_raw_id;
  std::string reason;
};
Result<RedirectRequest> read_redirect(const std::string& body);
Result<RedirectRequest> read_reject(const std::string& body);

struct CallProperties {
  CallIds ids;
  std::string state;  // connecting, connected, …
  std::string callback_uri;
  std::vector<std::string> target_raw_ids;
  std::string source_raw_id;
  std::string answered_by_raw_id;
  std::string answered_for;  // a number
  bool with_server_call_id = true;
  bool has_media = false;
  std::string media_subscription_id;
  std::string media_state;  // disabled, inactive, active
};
std::string write_call_properties(const CallProperties& properties);
std::string write_recording_state(const std::string& recording_id, const std::string& state);
std::string write_participants(const std::vector<std::string>& raw_ids);
std::string write_participant(const std::string& raw_id);
// {"error":{"code":"8522",…}}: the code is a string.
std::string write_error(const std::string& code, const std::string& message);

Failure rest_failure(int status, std::string code, std::string message);

}  // namespace earshot::simulator
