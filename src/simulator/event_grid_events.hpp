#pragma once
// The events that Event Grid delivers, in its own schema or as CloudEvents, and the two validation
// handshakes.

#include "base/time.hpp"
#include "simulator/call_plan.hpp"

#include <string>
#include <vector>

namespace earshot::simulator {

enum class EventGridSchema { event_grid, cloud_events };

struct EventGridEnvelope {
  EventGridSchema schema = EventGridSchema::event_grid;
  std::string event_id;
  WallTime time{};
  std::string topic;
};

struct IncomingCallFacts {
  std::string to_raw_id;
  std::string from_raw_id;
  std::string server_call_id;
  std::string display_name;
  std::vector<std::pair<std::string, std::string>> sip_headers;
  std::string incoming_call_context;
  std::string correlation_id;
};
// The body of a delivery: an array of one in Event Grid's schema, one object as a CloudEvent.
std::string incoming_call_body(const EventGridEnvelope& envelope, const IncomingCallFacts& facts);

struct ChunkLocation {
  int index = 0;
  std::string document_id;
  std::string end_reason;
  std::string content;
  std::string metadata;
  std::string deletion;
};
struct RecordingFileFacts {
  std::string call_id;
  std::string server_call_id;
  std::string recording_id;
  std::vector<ChunkLocation> chunks;
  WallTime started{};
  Duration length{};
  bool unmixed = false;
  bool mp3 = false;
  std::string session_end_reason = "CallEnded";
};
std::string recording_file_body(const EventGridEnvelope& envelope, const RecordingFileFacts& facts);

// Event Grid's schema; the answer must be 200 with {"validationResponse": code}.
std::string validation_body(const EventGridEnvelope& envelope, const std::string& code);
bool validation_answered(const std::string& body, const std::string& code);

// What Event Grid puts into the dead-letter container for an event that nobody took: an array of
// the event with these fields added.
struct DeadLetterFacts {
  EventGridSchema schema = EventGridSchema::event_grid;
  std::string reason;  // "MaxDeliveryAttemptsExceeded"
  int attempts = 0;
  std::string outcome;  // of the last one: "NotFound"
  WallTime published{};
  WallTime last_attempt{};
};
std::string dead_letter_body(const std::string& body, const DeadLetterFacts& facts);

}  // namespace earshot::simulator
