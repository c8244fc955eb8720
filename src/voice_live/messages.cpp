#include "voice_live/messages.hpp"

#include "base/json_walker.hpp"

#include <algorithm>
#include <simdjson.h>

namespace earshot::voice_live {

namespace {

namespace dom = simdjson::dom;

constexpr std::size_t message_bytes_max = 300;
constexpr std::size_t type_bytes_max = 64;

bool is_audio_delta(std::string_view type) {
  return type == "response.audio.delta" || type == "response.output_audio.delta";
}

// The one shape that is most of the traffic: a flat object, its type first.
std::optional<AssistantAudio> walk_audio(std::string_view text) {
  JsonWalker walker(text);
  if (!walker.mark('{')) return std::nullopt;
  AssistantAudio audio;
  bool is_audio = false;
  bool has_delta = false;
  do {
    const auto key = walker.plain_string();
    if (!key || !walker.mark(':')) return std::nullopt;
    if (!is_audio) {
      const auto type = *key == "type" ? walker.plain_string() : std::nullopt;
      if (!type || !is_audio_delta(*type)) return std::nullopt;
      is_audio = true;
    } else if (*key == "delta") {
      const auto delta = walker.raw_string();
      if (!delta || has_delta || !is_base64_text(*delta)) return std::nullopt;
      audio.base64 = *delta;
      has_delta = true;
    } else if (*key == "response_id" || *key == "item_id") {
      auto& known = *key == "item_id" ? audio.item_id : audio.response_id;
      const auto id = walker.plain_string();
      // Once, and not empty: which of two holds is for the parser to say.
      if (!id || id->empty() || !known.empty()) return std::nullopt;
      known = *id;
    } else if (!walker.skip_scalar() && !walker.plain_string()) {
      return std::nullopt;
    }
  } while (walker.mark(','));
  if (!walker.mark('}') || !walker.at_end() || !has_delta) return std::nullopt;
  return audio;
}

std::string_view text_of(const dom::object& object, std::string_view key) {
  std::string_view text;
  return object.at_key(key).get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::string string_of(const dom::object& object, std::string_view key) {
  return std::string(text_of(object, key));
}

std::optional<std::string> find_string(const dom::object& object, std::string_view key) {
  std::string_view text;
  if (object.at_key(key).get(text) != simdjson::SUCCESS) return std::nullopt;
  return std::string(text);
}

std::optional<std::int64_t> find_number(const dom::object& object, std::string_view key) {
  std::int64_t number = 0;
  if (object.at_key(key).get(number) == simdjson::SUCCESS) return number;
  double fraction = 0;
  if (object.at_key(key).get(fraction) == simdjson::SUCCESS && fraction > -9e15 && fraction < 9e15)
    return static_cast<std::int64_t>(fraction);
  return std::nullopt;
}

std::int64_t number_of(const dom::object& object, std::string_view key) {
  return find_number(object, key).value_or(0);
}

std::optional<dom::object> find_object(const dom::object& object, std::string_view key) {
  dom::object result;
  if (object.at_key(key).get(result) != simdjson::SUCCESS) return std::nullopt;
  return result;
}

std::optional<dom::array> find_array(const dom::object& object, std::string_view key) {
  dom::array result;
  if (object.at_key(key).get(result) != simdjson::SUCCESS) return std::nullopt;
  return result;
}

std::string cut(std::string_view text, std::size_t bytes_max) {
  return std::string(text.substr(0, bytes_max));
}

ServerMessage session_description(const dom::object& root, bool is_update) {
  const auto session = find_object(root, "session");
  if (!session) return MalformedMessage{"a session event without a session"};
  SessionDescription description{
      .is_update = is_update,
      .id = string_of(*session, "id"),
      .model = string_of(*session, "model"),
      .input_format = find_string(*session, "input_audio_format"),
      .input_rate_hz = find_number(*session, "input_audio_sampling_rate"),
      .output_format = find_string(*session, "output_audio_format")};
  if (const auto detection = find_object(*session, "turn_detection")) {
    description.prefix_padding_ms = find_number(*detection, "prefix_padding_ms");
    description.silence_duration_ms = find_number(*detection, "silence_duration_ms");
  }
  if (const auto seconds = find_number(*session, "expires_at");
      seconds && *seconds > 0 && *seconds < 10'000'000'000)
    description.expires_at = from_unix_ms(*seconds * 1000);
  return description;
}

ServerMessage audio_delta(const dom::object& root, std::string& copy) {
  std::string_view delta;
  if (root.at_key("delta").get(delta) != simdjson::SUCCESS || !is_base64_text(delta))
    return MalformedMessage{"audio that is not base64"};
  copy = delta;  // the parser's memory is shared by all sessions of the thread
  return AssistantEvent(AssistantAudio{.response_id = string_of(root, "response_id"),
                                       .item_id = string_of(root, "item_id"),
                                       .base64 = copy});
}

ServerMessage caller_transcript(const dom::object& root) {
  CallerTranscript transcript{.item_id = string_of(root, "item_id"),
                              .text = string_of(root, "transcript")};
  if (const auto phrases = find_array(root, "phrases")) {
    for (const auto phrase : *phrases) {
      dom::object object;
      if (phrase.get(object) != simdjson::SUCCESS) continue;
      const auto words = find_array(object, "words");
      if (!words) continue;
      for (const auto element : *words) {
        dom::object word;
        if (element.get(word) != simdjson::SUCCESS) continue;
        transcript.words.push_back({.text = string_of(word, "text"),
                                    .offset_ms = number_of(word, "offset_milliseconds"),
                                    .duration_ms = number_of(word, "duration_milliseconds")});
      }
    }
  }
  return AssistantEvent(std::move(transcript));
}

ServerMessage transcript_failed(const dom::object& root) {
  const auto error = find_object(root, "error");
  return AssistantEvent(CallerTranscriptFailed{.item_id = string_of(root, "item_id"),
                                               .code = error ? string_of(*error, "code") : ""});
}

std::optional<FunctionItem> function_item(const dom::object& item) {
  if (text_of(item, "type") != "function_call") return std::nullopt;
  return FunctionItem{.item_id = string_of(item, "id"),
                      .call_id = string_of(item, "call_id"),
                      .name = string_of(item, "name"),
                      .arguments = string_of(item, "arguments"),
                      .is_completed = text_of(item, "status") == "completed"};
}

ServerMessage output_item(const dom::object& root, std::string_view type) {
  const auto item = find_object(root, "item");
  auto function = item ? function_item(*item) : std::nullopt;
  if (!function) return IgnoredMessage{cut(type, type_bytes_max)};
  function->response_id = text_of(root, "response_id");
  function->is_finished = type == "response.output_item.done";
  return *function;
}

ServerMessage function_arguments(const dom::object& root) {
  return FunctionItem{.response_id = string_of(root, "response_id"),
                      .item_id = string_of(root, "item_id"),
                      .call_id = string_of(root, "call_id"),
                      .name = string_of(root, "name"),
                      .arguments = string_of(root, "arguments")};
}

ResponseStatus to_status(std::string_view text) {
  if (text == "cancelled" || text == "canceled") return ResponseStatus::cancelled;
  if (text == "incomplete") return ResponseStatus::incomplete;
  if (text == "failed") return ResponseStatus::failed;
  return ResponseStatus::completed;
}

// "turn_detected", or for a failure the code of its error.
std::string reason_of(const dom::object& response) {
  const auto details = find_object(response, "status_details");
  if (!details) return {};
  if (auto reason = string_of(*details, "reason"); !reason.empty()) return reason;
  const auto error = find_object(*details, "error");
  if (!error) return {};
  auto code = string_of(*error, "code");
  return code.empty() ? string_of(*error, "type") : code;
}

ServerMessage response_done(const dom::object& root) {
  const auto response = find_object(root, "response");
  if (!response) return MalformedMessage{"response.done without a response"};
  ResponseFinished finished;
  finished.ended = {.response_id = string_of(*response, "id"),
                    .status = to_status(text_of(*response, "status")),
                    .reason = reason_of(*response)};
  if (const auto output = find_array(*response, "output")) {
    for (const auto element : *output) {
      dom::object item;
      if (element.get(item) != simdjson::SUCCESS) continue;
      auto function = function_item(item);
      if (!function) continue;
      function->response_id = finished.ended.response_id;
      function->is_finished = true;
      finished.functions.push_back(std::move(*function));
    }
  }
  if (const auto usage = find_object(*response, "usage")) {
    finished.input_tokens = number_of(*usage, "input_tokens");
    finished.output_tokens = number_of(*usage, "output_tokens");
  }
  return finished;
}

ServerMessage response_created(const dom::object& root) {
  const auto response = find_object(root, "response");
  if (!response) return MalformedMessage{"response.created without a response"};
  ResponseStarted started{.response_id = string_of(*response, "id")};
  if (const auto metadata = find_object(*response, "metadata"))
    started.request = string_of(*metadata, request_key);
  return AssistantEvent(std::move(started));
}

ServerMessage fault(const dom::object& root) {
  const auto error = find_object(root, "error");
  if (!error) return MalformedMessage{"an error without an error"};
  return ServiceFault{.type = string_of(*error, "type"),
                      .code = string_of(*error, "code"),
                      .message = cut(text_of(*error, "message"), message_bytes_max),
                      .parameter = string_of(*error, "param"),
                      .event_id = string_of(*error, "event_id")};
}

ServerMessage warning(const dom::object& root) {
  const auto said = find_object(root, "warning");
  if (!said) return MalformedMessage{"a warning without a warning"};
  return ServiceWarning{.code = string_of(*said, "code"),
                        .message = cut(text_of(*said, "message"), message_bytes_max),
                        .parameter = string_of(*said, "param")};
}

ServerMessage word(const dom::object& root) {
  return AssistantEvent(AssistantWord{.response_id = string_of(root, "response_id"),
                                      .item_id = string_of(root, "item_id"),
                                      .text = string_of(root, "text"),
                                      .offset_ms = number_of(root, "audio_offset_ms"),
                                      .duration_ms = number_of(root, "audio_duration_ms")});
}

template <class TextEvent>
ServerMessage text_event(const dom::object& root, std::string_view key) {
  return AssistantEvent(TextEvent{.response_id = string_of(root, "response_id"),
                                  .item_id = string_of(root, "item_id"),
                                  .text = string_of(root, key)});
}

bool is_any(std::string_view type, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, type) != names.end();
}

// Events about what is said; nullopt for other types.
std::optional<ServerMessage> speech_message(std::string_view type, const dom::object& root) {
  if (is_any(type, {"response.audio_transcript.delta", "response.output_audio_transcript.delta",
                    "response.text.delta", "response.output_text.delta"}))
    return text_event<AssistantTextDelta>(root, "delta");
  if (is_any(type, {"response.audio_transcript.done", "response.output_audio_transcript.done"}))
    return text_event<AssistantTextDone>(root, "transcript");
  if (is_any(type, {"response.text.done", "response.output_text.done"}))
    return text_event<AssistantTextDone>(root, "text");
  if (type == "response.audio_timestamp.delta") return word(root);
  if (is_any(type, {"response.audio.done", "response.output_audio.done"}))
    return AssistantEvent(AssistantAudioDone{.response_id = string_of(root, "response_id"),
                                             .item_id = string_of(root, "item_id")});
  if (type == "input_audio_buffer.speech_started")
    return AssistantEvent(SpeechStarted{.item_id = string_of(root, "item_id"),
                                        .audio_start_ms = number_of(root, "audio_start_ms")});
  if (type == "input_audio_buffer.speech_stopped")
    return AssistantEvent(SpeechStopped{.item_id = string_of(root, "item_id"),
                                        .audio_end_ms = number_of(root, "audio_end_ms")});
  if (type == "conversation.item.input_audio_transcription.completed")
    return caller_transcript(root);
  if (type == "conversation.item.input_audio_transcription.failed") return transcript_failed(root);
  if (type == "conversation.item.truncated")
    return AssistantEvent(ItemTruncated{.item_id = string_of(root, "item_id"),
                                        .audio_end_ms = number_of(root, "audio_end_ms")});
  return std::nullopt;
}

ServerMessage message_of(std::string_view type, const dom::object& root) {
  if (auto speech = speech_message(type, root)) return std::move(*speech);
  if (type == "response.created") return response_created(root);
  if (type == "response.done") return response_done(root);
  if (type == "session.created") return session_description(root, false);
  if (type == "session.updated") return session_description(root, true);
  if (is_any(type, {"response.output_item.added", "response.output_item.done"}))
    return output_item(root, type);
  if (type == "response.function_call_arguments.done") return function_arguments(root);
  if (type == "error") return fault(root);
  if (type == "warning") return warning(root);
  return IgnoredMessage{cut(type, type_bytes_max)};
}

}  // namespace

ServerMessage ServerMessageDecoder::decode(std::string_view text) {
  if (auto audio = walk_audio(text)) return AssistantEvent(std::move(*audio));
  thread_local dom::parser parser;  // one for all sessions of the thread
  dom::object root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS)
    return MalformedMessage{"the message is not a JSON object"};
  const auto type = text_of(root, "type");
  if (type.empty()) return MalformedMessage{"the message has no type"};
  if (is_audio_delta(type)) return audio_delta(root, copy_);
  return message_of(type, root);
}

}  // namespace earshot::voice_live
