#pragma once
// What we can ask ACS to do with a call and its recording. Implementation:
// acs/call_automation_client. Called on the executor that it was made for. Errors: `refused` (401,
// 403), `not_found` (404; code "8522" and the like), `conflict` (409, and 400/8501 "not established
// yet", 400/8553 "already recording"), `invalid` (other 4xx), `unavailable` (429, 5xx, no answer;
// retry_after_ms filled when given). Retries of transient failures are inside.

#include "base/secret.hpp"
#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/audio.hpp"
#include "domain/ids.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot {

// Identifiers of one exchange, for Microsoft support; kept on the call and logged.
struct Diagnostics {
  std::string operation;  // "start recording"
  int status = 0;
  std::string client_request_id;  // x-ms-client-request-id
  std::string chain_id;           // X-Microsoft-Skype-Chain-ID
  std::string ms_cv;              // MS-CV
  std::string date;               // the response's Date
};

// Hears of every exchange, successful or not, right when it ends. Implementations never wait.
class DiagnosticsSink {
 public:
  virtual ~DiagnosticsSink() = default;
  virtual void exchanged(const ContextId& call, const Diagnostics& diagnostics) = 0;
};

// Idempotency of an operation: stored before sending, the same in every retry, also after a crash.
struct Repeatability {
  std::string request_id;  // UUID
  WallTime first_sent{};
};

struct AnswerRequest {
  ContextId call;
  Secret incoming_call_context;
  std::string callback_uri;
  std::string media_uri;                       // wss://…
  std::uint32_t media_sample_rate_hz = 24000;  // 16000 or 24000
  std::string operation_context;
  Repeatability repeatability;
};

enum class RemoteCallState { connecting, connected, disconnecting, disconnected, other };

struct CallProperties {
  CallConnectionId connection_id;
  ServerCallId server_call_id;
  CorrelationId correlation_id;
  RemoteCallState state = RemoteCallState::other;
  bool media_streaming_active = false;
};

struct StartRecordingRequest {
  ContextId call;
  ServerCallId server_call_id;
  std::string state_callback_uri;
  RecordingChannels channels = RecordingChannels::mixed;
  RecordingFormat format = RecordingFormat::wav;
  std::optional<std::string> container_url;  // BYOS; none: service-managed
  std::string caller_raw_id;                 // unmixed: pinned to channel 0
  bool pause_on_start = false;
  Repeatability repeatability;
};

struct RecordingStatus {
  RecordingId id;
  bool active = false;
};

class CallControl {
 public:
  virtual ~CallControl() = default;
  virtual Task<Result<CallProperties>> answer(AnswerRequest request) = 0;
  virtual Task<Result<void>> reject(ContextId call, Secret incoming_call_context,
                                    Repeatability repeatability) = 0;
  virtual Task<Result<void>> hang_up(ContextId call, CallConnectionId connection) = 0;
  virtual Task<Result<CallProperties>> get_call(ContextId call, CallConnectionId connection) = 0;
  virtual Task<Result<RecordingStatus>> start_recording(StartRecordingRequest request) = 0;
  virtual Task<Result<void>> stop_recording(ContextId call, RecordingId recording) = 0;
  virtual Task<Result<void>> pause_recording(ContextId call, RecordingId recording) = 0;
  virtual Task<Result<void>> resume_recording(ContextId call, RecordingId recording) = 0;
  virtual Task<Result<RecordingStatus>> get_recording(ContextId call, RecordingId recording) = 0;
  virtual Task<Result<void>> start_media_streaming(ContextId call, CallConnectionId connection) = 0;
  virtual Task<Result<void>> stop_media_streaming(ContextId call, CallConnectionId connection) = 0;
};

// One for each ACS resource, by the label that a call is stored with.
class CallControls {
 public:
  virtual ~CallControls() = default;
  // Of a resource that is not configured (any longer): one that refuses everything and says why;
  // another resource's keys are never used instead. Lives as long as this.
  virtual CallControl& of(const std::string& resource) = 0;
};

}  // namespace earshot
