#pragma once
// Messages of the Voice Live protocol (api-version 2026-07-15, and the names that the OpenAI
// Realtime dialect has for the same events). Pure. Audio is read in place, without a copy.

#include "ports/assistant.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace earshot::voice_live {

// session.created and session.updated: the effective configuration. Absent members are nullopt.
struct SessionDescription {
  bool is_update = false;
  std::string id;
  std::string model;
  std::optional<std::string> input_format;
  std::optional<std::int64_t> input_rate_hz;
  std::optional<std::string> output_format;
  std::optional<std::int64_t> prefix_padding_ms;
  std::optional<std::int64_t> silence_duration_ms;
  std::optional<WallTime> expires_at;
};

// A function call on its way: announced with its name, then with its arguments, then finished.
struct FunctionItem {
  std::string response_id;
  std::string item_id;
  std::string call_id;
  std::string name;
  std::string arguments;
  bool is_finished = false;   // response.output_item.done
  bool is_completed = false;  // not interrupted: only then may it be run
};

struct ResponseFinished {
  ResponseEnded ended;
  std::vector<FunctionItem> functions;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
};

struct ServiceFault {  // `error`
  std::string type;
  std::string code;
  std::string message;  // at most 300 bytes
  std::string parameter;
  std::string event_id;  // of our event that caused it
};
struct ServiceWarning {
  std::string code;
  std::string message;
  std::string parameter;
};
struct IgnoredMessage {
  std::string type;  // at most 64 bytes
};
struct MalformedMessage {
  std::string what;  // never quotes the message
};

using ServerMessage =
    std::variant<AssistantEvent, SessionDescription, FunctionItem, ResponseFinished, ServiceFault,
                 ServiceWarning, IgnoredMessage, MalformedMessage>;

class ServerMessageDecoder {
 public:
  // Views in the result live as long as `text` and until the next decode().
  ServerMessage decode(std::string_view text);

 private:
  std::string copy_;  // audio of a message that was not of the usual shape
};

// Client events as JSON text.
std::string append_audio_message(std::string_view base64);
std::string create_response_message(std::string_view event_id,
                                    std::string_view additional_instructions);
// Spoken word for word, and added to the history. `request` goes along as metadata of the response,
// which ResponseStarted gives back; "": none.
std::string say_message(std::string_view event_id, std::string_view text, std::string_view request);
// The key of that metadata.
inline constexpr std::string_view request_key = "earshot_request";
std::string cancel_response_message(std::string_view event_id, std::string_view response_id);
std::string truncate_message(std::string_view event_id, std::string_view item_id,
                             std::int64_t audio_end_ms);
std::string function_output_message(std::string_view event_id, std::string_view call_id,
                                    std::string_view output_json);
// An earlier turn, for a session that takes over a conversation.
std::string turn_message(std::string_view event_id, Speaker speaker, std::string_view text);

}  // namespace earshot::voice_live
