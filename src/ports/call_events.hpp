#pragma once
// What the outside may tell us of calls (inbound port). Adapters decode and authenticate;
// `calls/inbox` implements.

#include "base/secret.hpp"
#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace earshot {

// ACS's result of an operation, as events carry it.
struct ResultInformation {
  int code = 0;
  int sub_code = 0;
  std::string message;
};

struct IncomingCall {
  CorrelationId correlation_id;
  ServerCallId server_call_id;
  Secret incoming_call_context;  // what answering needs; several kB
  std::string caller;            // rawId, such as "4:+15550100"; personal
  std::string called;            // rawId; personal
  std::string caller_name;       // personal
  std::string resource_topic;    // Event Grid topic/source: which ACS resource
};
struct CallConnected {};
struct CallDisconnected {
  ResultInformation result;
};
struct AnswerFailed {
  ResultInformation result;
};
struct RecordingStateChanged {
  RecordingId recording_id;
  bool active = false;
  std::optional<WallTime> started_at;
};
struct StartRecordingFailed {
  RecordingId recording_id;
  ResultInformation result;
};
struct MediaStreamingStarted {
  std::string details;
};
struct MediaStreamingStopped {
  std::string details;
};
struct MediaStreamingFailed {
  ResultInformation result;
  std::string details;
};
struct RecordingFileChunk {
  std::uint32_t index = 0;
  std::string document_id;
  std::string end_reason;
  std::string content_location;
  std::string metadata_location;
  std::string delete_location;
};
struct RecordingFileStatusUpdated {
  RecordingId recording_id;  // from the subject's last /recordingId/ segment
  std::vector<RecordingFileChunk> chunks;
  std::optional<WallTime> started_at;
  std::optional<Duration> duration;
  std::string session_end_reason;
};
// A type we know of and need nothing from, or one we have never heard of: kept in the journal,
// nothing more.
struct OtherEvent {};

using EventBody =
    std::variant<IncomingCall, CallConnected, CallDisconnected, AnswerFailed, RecordingStateChanged,
                 StartRecordingFailed, MediaStreamingStarted, MediaStreamingStopped,
                 MediaStreamingFailed, RecordingFileStatusUpdated, OtherEvent>;

enum class EventDoor { event_grid, call_callback, recording_callback };

struct InboundEvent {
  EventDoor door = EventDoor::event_grid;
  std::string id;  // CloudEvents/Event Grid id; "" is replaced by a hash of the body by the decoder
  std::string type;  // "Microsoft.Communication.CallConnected"
  std::optional<WallTime> occurred_at;
  ContextId context_id;  // from the callback URL; empty at Event Grid's door and at the bare one
  CallConnectionId connection_id;  // of the data, when present
  ServerCallId server_call_id;
  CorrelationId correlation_id;
  EventBody body;
  std::string raw;  // the event's own JSON; personal; stored apart
};

// What became of one event.
enum class Accepted { stored, duplicate, unknown_call };

class CallEvents {
 public:
  virtual ~CallEvents() = default;
  // Durable when it returns: committed, or fsynced to the spool when the database is away;
  // `unavailable` (answer 503) only if both failed. Handling goes on afterwards. Thread-safe. One
  // answer an event, in order.
  virtual Task<Result<std::vector<Accepted>>> accept(std::vector<InboundEvent> events) = 0;
  // Does `key` open this call's doors? `not_found`: no such call (also when the key is what is
  // wrong: the asker learns nothing). Constant time in the key. Thread-safe.
  virtual Task<Result<void>> check_link(ContextId call, std::string key) = 0;
  // The label of the ACS resource that the call came in on; `not_found`: no such call. Thread-safe.
  virtual Task<Result<std::string>> resource_of(ContextId call) = 0;
  // The open call with this correlation id, for the bare media path.
  virtual Task<Result<ContextId>> find_by_correlation(CorrelationId correlation) = 0;
};

}  // namespace earshot
