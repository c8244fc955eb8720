#pragma once
// The CloudEvents that Call Automation posts to callback URIs, one JSON object each, as text.

#include "base/random.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::simulator {

struct CallIds {
  std::string connection_id;
  std::string server_call_id;
  std::string correlation_id;
};

struct ResultInfo {
  int code = 200;
  int sub_code = 0;
  std::string message;
  // CallDisconnected carries both when a phone hung up.
  std::optional<int> sip_code;
  std::optional<int> q850_code;
};

// What every event needs.
struct EventContext {
  CallIds ids;
  std::optional<std::string> operation_context;
  std::string event_id;
  WallTime time{};
};

// Text of one event, and its type without the prefix ("CallConnected"), by which faults name it.
struct CallbackEvent {
  std::string type;
  std::string json;
};

// CallConnected, CallDisconnected, AnswerFailed, CreateCallFailed, …
CallbackEvent call_event(std::string type, const EventContext& context, const ResultInfo& result);

struct Participant {
  std::string raw_id;  // "4:+1555…" or "8:acs:…"
};
CallbackEvent participants_updated(const EventContext& context,
                                   const std::vector<Participant>& participants,
                                   int sequence_number);

struct RecordingEventFacts {
  std::string recording_id;
  std::string state;  // active, inactive
  WallTime started{};
  std::string kind = "azureCommunicationServices";
};
CallbackEvent recording_state_changed(const EventContext& context,
                                      const RecordingEventFacts& facts);
CallbackEvent start_recording_failed(const EventContext& context, const std::string& recording_id,
                                     const ResultInfo& result);

struct MediaEventFacts {
  std::string type;     // MediaStreamingStarted, …Stopped, …Failed
  std::string details;  // "subscriptionStarted", "initialWebSocketConnectionFailed", …
};
CallbackEvent media_event(const EventContext& context, const MediaEventFacts& facts,
                          const ResultInfo& result);

// "[a,b]": a callback's body is always an array.
std::string events_array(const std::vector<CallbackEvent>& events);

// The JSON of an identifier from its raw id: phoneNumber, communicationUser or unknown.
std::string identifier_json(const std::string& raw_id);

}  // namespace earshot::simulator
