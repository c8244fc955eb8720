#include "simulator/rest_messages.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

namespace json = boost::json;

Failure wrong(std::string message) { return rest_failure(400, "8523", std::move(message)); }

Result<json::object> read_object(const std::string& body) {
  if (body.empty()) return json::object{};
  json::error_code error;
  json::value value = json::parse(body, error);
  if (error || !value.is_object()) return wrong("The body is not a JSON object.");
  return std::move(value.get_object());
}

const json::object* object_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}
const json::array* array_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? &value->get_array() : nullptr;
}
std::optional<std::string> text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}
std::string text_or_empty(const json::object& object, std::string_view name) {
  return text_of(object, name).value_or("");
}
bool flag_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The raw id may be left out in requests; it follows from the kind's own object.
std::string raw_id_of(const json::object& identifier) {
  if (auto raw = text_of(identifier, "rawId"); raw && !raw->empty()) return *raw;
  if (const auto* phone = object_of(identifier, "phoneNumber"))
    return "4:" + text_or_empty(*phone, "value");
  if (const auto* user = object_of(identifier, "communicationUser"))
    return text_or_empty(*user, "id");
  return "";
}

bool is_web_url(const std::string& url) {
  return url.starts_with("https://") || url.starts_with("http://");
}

Result<std::optional<MediaStreamingOptions>> read_media(const json::object& body) {
  const auto* media = object_of(body, "mediaStreamingOptions");
  if (media == nullptr) return std::optional<MediaStreamingOptions>{};
  if (lower(text_or_empty(*media, "transportType")) != "websocket")
    return wrong("mediaStreamingOptions.transportType must be websocket.");
  MediaStreamingOptions options{
      .transport_url = text_or_empty(*media, "transportUrl"),
      .audio_channel_type = lower(text_or_empty(*media, "audioChannelType")),
      .start_at_once = flag_of(*media, "startMediaStreaming"),
      .bidirectional = flag_of(*media, "enableBidirectional"),
      .dtmf = flag_of(*media, "enableDtmfTones")};
  if (options.audio_channel_type != "mixed" && options.audio_channel_type != "unmixed")
    return rest_failure(400, "8500", "mediaStreamingOptions.audioChannelType is invalid.");
  if (auto content = text_of(*media, "contentType"); content && lower(*content) != "audio")
    return wrong("mediaStreamingOptions.contentType must be audio.");
  const std::string format = lower(text_of(*media, "audioFormat").value_or("pcm16kmono"));
  if (format == "pcm24kmono")
    options.rate_hz = 24000;
  else if (format != "pcm16kmono")
    return wrong("mediaStreamingOptions.audioFormat is invalid.");
  return std::optional(options);
}

}  // namespace

Failure rest_failure(int status, std::string code, std::string message) {
  return Failure(Error{.kind = status == 404 ? ErrorKind::not_found : ErrorKind::invalid,
                       .message = std::move(message),
                       .status = status,
                       .code = std::move(code)});
}

Result<AnswerRequest> read_answer(const std::string& body) {
  auto object = read_object(body);
  if (!object) return Failure(object.error());
  AnswerRequest request{.incoming_call_context = text_or_empty(*object, "incomingCallContext"),
                        .callback_uri = text_or_empty(*object, "callbackUri"),
                        .operation_context = text_of(*object, "operationContext")};
  if (request.incoming_call_context.empty()) return wrong("incomingCallContext is required.");
  if (!is_web_url(request.callback_uri)) return wrong("callbackUri is invalid.");
  auto media = read_media(*object);
  if (!media) return Failure(media.error());
  request.media = std::move(*media);
  return request;
}

Result<CreateCallRequest> read_create_call(const std::string& body) {
  auto object = read_object(body);
  if (!object) return Failure(object.error());
  CreateCallRequest request{.callback_uri = text_or_empty(*object, "callbackUri"),
                            .operation_context = text_of(*object, "operationContext")};
  if (const auto* targets = array_of(*object, "targets"))
    for (const auto& target : *targets)
      if (target.is_object()) request.target_raw_ids.push_back(raw_id_of(target.get_object()));
  if (request.target_raw_ids.empty()) return wrong("targets is required.");
  if (!is_web_url(request.callback_uri)) return wrong("callbackUri is invalid.");
  if (const auto* source = object_of(*object, "sourceCallerIdNumber"))
    request.source_caller_id = text_or_empty(*source, "value");
  auto media = read_media(*object);
  if (!media) return Failure(media.error());
  request.media = std::move(*media);
  return request;
}

Result<StartRecordingRequest> read_start_recording(const std::string& body) {
  auto object = read_object(body);
  if (!object) return Failure(object.error());
  StartRecordingRequest request{
      .connection_id = text_or_empty(*object, "callConnectionId"),
      .state_callback_uri = text_or_empty(*object, "recordingStateCallbackUri"),
      .unmixed = lower(text_or_empty(*object, "recordingChannelType")) == "unmixed",
      .mp3 = lower(text_or_empty(*object, "recordingFormatType")) == "mp3",
      .pause_on_start = flag_of(*object, "pauseOnStart")};
  if (const auto* locator = object_of(*object, "callLocator"))
    request.server_call_id = text_or_empty(*locator, "serverCallId");
  if (request.server_call_id.empty() == request.connection_id.empty())
    return wrong("Exactly one of callLocator and callConnectionId is required.");
  const std::string content = lower(text_of(*object, "recordingContentType").value_or("audio"));
  const std::string format = lower(text_of(*object, "recordingFormatType").value_or("wav"));
  if (content != "audio" || (format != "wav" && format != "mp3") ||
      (request.unmixed && request.mp3))
    return rest_failure(400, "8557", "Recording format and channel type do not go together.");
  if (!request.state_callback_uri.empty() && !is_web_url(request.state_callback_uri))
    return wrong("recordingStateCallbackUri is invalid.");
  if (const auto* storage = object_of(*object, "externalStorage")) {
    const std::string kind = lower(text_or_empty(*storage, "recordingStorageKind"));
    if (kind == "azureblobstorage") {
      request.container_url = text_or_empty(*storage, "recordingDestinationContainerUrl");
      if (!is_web_url(request.container_url))
        return wrong("recordingDestinationContainerUrl is invalid.");
    } else if (kind != "azurecommunicationservices") {
      return wrong("externalStorage.recordingStorageKind is invalid.");
    }
  }
  if (const auto* ordering = array_of(*object, "audioChannelParticipantOrdering"))
    for (const auto& participant : *ordering)
      if (participant.is_object())
        request.channels.emplace_back(raw_id_of(participant.get_object()),
                                      static_cast<int>(request.channels.size()));
  if (const auto* affinity = array_of(*object, "channelAffinity"))
    for (const auto& entry : *affinity) {
      if (!entry.is_object()) continue;
      const auto* participant = object_of(entry.get_object(), "participant");
      const auto* channel = entry.get_object().if_contains("channel");
      if (participant == nullptr || channel == nullptr || !channel->is_int64()) continue;
      if (channel->get_int64() < 0 || channel->get_int64() > 4)
        return wrong("channelAffinity.channel must be 0 to 4.");
      request.channels.emplace_back(raw_id_of(*participant),
                                    static_cast<int>(channel->get_int64()));
    }
  return request;
}

Result<OperationRequest> read_operation(const std::string& body) {
  auto object = read_object(body);
  if (!object) return Failure(object.error());
  return OperationRequest{.operation_context = text_of(*object, "operationContext"),
                          .callback_uri = text_or_empty(*object, "operationCallbackUri")};
}

Result<RedirectRequest> read_redirect(const std::string& body) {
  auto object = read_object(body);
  if (!object) return Failure(object.error());
  RedirectRequest request{.incoming_call_context = text_or_empty(*object, "incomingCallContext")};
  if (const auto* target = object_of(*object, "target")) request.target_raw_id = raw_id_of(*target);
  if (request.incoming_call_context.empty() || request.target_raw_id.empty())
    return wrong("incomingCallContext and target are required.");
  return request;
}

Result<RedirectRequest> read_reject(const std::string& body) {
  auto object = read_object(body);
  if (!object) return Failure(object.error());
  RedirectRequest request{.incoming_call_context = text_or_empty(*object, "incomingCallContext"),
                          .reason = lower(text_of(*object, "callRejectReason").value_or("none"))};
  if (request.incoming_call_context.empty()) return wrong("incomingCallContext is required.");
  if (request.reason != "none" && request.reason != "busy" && request.reason != "forbidden")
    return wrong("callRejectReason is invalid.");
  return request;
}

std::string write_call_properties(const CallProperties& properties) {
  json::array targets;
  for (const auto& raw_id : properties.target_raw_ids)
    targets.push_back(json::parse(identifier_json(raw_id)));
  json::object out{{"callConnectionId", properties.ids.connection_id},
                   {"targets", std::move(targets)},
                   {"callConnectionState", properties.state},
                   {"callbackUri", properties.callback_uri},
                   {"sourceDisplayName", ""},
                   {"source", json::parse(identifier_json(properties.source_raw_id))},
                   {"correlationId", properties.ids.correlation_id},
                   {"answeredBy", json::object{{"id", properties.answered_by_raw_id}}}};
  if (properties.with_server_call_id) out["serverCallId"] = properties.ids.server_call_id;
  if (properties.source_raw_id.starts_with("4:"))
    out["sourceCallerIdNumber"] = json::object{{"value", properties.source_raw_id.substr(2)}};
  if (!properties.answered_for.empty())
    out["answeredFor"] = json::object{{"value", properties.answered_for}};
  if (properties.has_media)
    out["mediaStreamingSubscription"] =
        json::object{{"id", properties.media_subscription_id},
                     {"state", properties.media_state},
                     {"subscribedContentTypes", json::array{"audio"}}};
  return json::serialize(out);
}

std::string write_recording_state(const std::string& recording_id, const std::string& state) {
  return json::serialize(json::object{{"recordingId", recording_id},
                                      {"recordingState", state},
                                      {"recordingKind", "azureCommunicationServices"}});
}

std::string write_participant(const std::string& raw_id) {
  return json::serialize(json::object{{"identifier", json::parse(identifier_json(raw_id))},
                                      {"isMuted", false},
                                      {"isOnHold", false}});
}

std::string write_participants(const std::vector<std::string>& raw_ids) {
  json::array list;
  for (const auto& raw_id : raw_ids) list.push_back(json::parse(write_participant(raw_id)));
  return json::serialize(json::object{{"value", std::move(list)}, {"nextLink", nullptr}});
}

std::string write_error(const std::string& code, const std::string& message) {
  return json::serialize(
      json::object{{"error", json::object{{"code", code}, {"message", message}}}});
}

}  // namespace earshot::simulator
