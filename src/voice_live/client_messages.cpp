#include "voice_live/messages.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace earshot::voice_live {

namespace json = boost::json;

namespace {

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

json::object event(std::string_view type, std::string_view event_id) {
  return {{"type", view(type)}, {"event_id", view(event_id)}};
}

json::object text_part(std::string_view type, std::string_view text) {
  return {{"type", view(type)}, {"text", view(text)}};
}

}  // namespace

std::string append_audio_message(std::string_view base64) {
  constexpr std::string_view before = R"({"type":"input_audio_buffer.append","audio":")";
  constexpr std::string_view after = "\"}";
  std::string message;
  message.reserve(before.size() + base64.size() + after.size());
  message += before;
  message += base64;
  message += after;
  return message;
}

std::string create_response_message(std::string_view event_id,
                                    std::string_view additional_instructions) {
  auto message = event("response.create", event_id);
  if (!additional_instructions.empty())
    message["additional_instructions"] = view(additional_instructions);
  return json::serialize(message);
}

std::string say_message(std::string_view event_id, std::string_view text,
                        std::string_view request) {
  auto message = event("response.create", event_id);
  json::object response{{"pre_generated_assistant_message",
                         {{"type", "message"},
                          {"role", "assistant"},
                          {"content", json::array{text_part("text", text)}}}}};
  if (!request.empty()) response["metadata"] = {{view(request_key), view(request)}};
  message["response"] = std::move(response);
  return json::serialize(message);
}

std::string cancel_response_message(std::string_view event_id, std::string_view response_id) {
  auto message = event("response.cancel", event_id);
  if (!response_id.empty()) message["response_id"] = view(response_id);
  return json::serialize(message);
}

std::string truncate_message(std::string_view event_id, std::string_view item_id,
                             std::int64_t audio_end_ms) {
  auto message = event("conversation.item.truncate", event_id);
  message["item_id"] = view(item_id);
  message["content_index"] = 0;
  message["audio_end_ms"] = audio_end_ms;
  return json::serialize(message);
}

std::string function_output_message(std::string_view event_id, std::string_view call_id,
                                    std::string_view output_json) {
  auto message = event("conversation.item.create", event_id);
  message["item"] = {
      {"type", "function_call_output"}, {"call_id", view(call_id)}, {"output", view(output_json)}};
  return json::serialize(message);
}

std::string turn_message(std::string_view event_id, Speaker speaker, std::string_view text) {
  const bool caller = speaker == Speaker::caller;
  auto message = event("conversation.item.create", event_id);
  message["item"] = {{"type", "message"},
                     {"role", caller ? "user" : "assistant"},
                     {"content", json::array{text_part(caller ? "input_text" : "text", text)}}};
  return json::serialize(message);
}

}  // namespace earshot::voice_live
