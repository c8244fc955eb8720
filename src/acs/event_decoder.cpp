#include "acs/event_decoder.hpp"

#include "acs/detail/json_read.hpp"
#include "acs/detail/json_slices.hpp"
#include "base/crypto.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>
#include <boost/system/error_code.hpp>
#include <cctype>
#include <fmt/format.h>
#include <limits>

namespace earshot::acs {

namespace {

namespace json = boost::json;
using detail::integer_member;
using detail::member;
using detail::object_member;
using detail::text_member;

constexpr std::string_view type_prefix = "Microsoft.Communication.";
constexpr std::size_t chunks_max = 10'000;
constexpr std::size_t recording_id_max = 2048;

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

int to_int(std::optional<std::int64_t> number) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  return number ? static_cast<int>(std::clamp(*number, -most, most)) : 0;
}

ResultInformation result_of(const json::object* data) {
  const auto* result = object_member(data, "resultInformation");
  return {.code = to_int(integer_member(result, "code")),
          .sub_code = to_int(integer_member(result, "subCode")),
          .message = text_member(result, "message")};
}

// rawId, or what it would be, from the older forms without one.
std::string raw_id_of(const json::object* identifier) {
  auto raw = text_member(identifier, "rawId");
  if (!raw.empty()) return raw;
  const auto number = text_member(object_member(identifier, "phoneNumber"), "value");
  if (!number.empty()) return "4:" + number;
  return text_member(object_member(identifier, "communicationUser"), "id");
}

std::string either(const json::object& event, std::string_view first, std::string_view second) {
  auto text = text_member(&event, first);
  return text.empty() ? text_member(&event, second) : text;
}

// What a decoder of one type gives: a body, or what is wrong with it.
using BodyResult = std::expected<EventBody, std::string>;

BodyResult incoming_call(const json::object& event, const json::object* data) {
  IncomingCall call;
  call.correlation_id.text = text_member(data, "correlationId");
  call.server_call_id.text = text_member(data, "serverCallId");
  call.incoming_call_context = Secret(text_member(data, "incomingCallContext"));
  call.caller = raw_id_of(object_member(data, "from"));
  call.called = raw_id_of(object_member(data, "to"));
  call.caller_name = text_member(data, "callerDisplayName");
  call.resource_topic = either(event, "topic", "source");
  if (call.incoming_call_context.empty())
    return std::unexpected("data.incomingCallContext is missing");
  if (call.correlation_id.empty()) return std::unexpected("data.correlationId is missing");
  return call;
}

std::string recording_id_of(const json::object& event, const json::object* data) {
  auto id = text_member(data, "recordingId");
  for (const auto* key : {"subject", "source"})
    if (id.empty()) id = recording_id_of_subject(text_member(&event, key));
  return id;
}

// Base64 of JSON, in either alphabet. It becomes part of names and addresses.
bool is_recording_id(std::string_view id) {
  return id.size() <= recording_id_max && std::ranges::all_of(id, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
         });
}

BodyResult recording_state_changed(const json::object& event, const json::object* data) {
  RecordingStateChanged change;
  change.recording_id.text = recording_id_of(event, data);
  if (change.recording_id.empty()) return std::unexpected("data.recordingId is missing");
  if (!is_recording_id(change.recording_id.text))
    return std::unexpected("data.recordingId is not base64");
  const auto state = text_member(data, "state");
  change.active = same_word(state, "active");
  // A state that is neither word tells nothing to act on.
  if (!change.active && !same_word(state, "inactive")) return OtherEvent{};
  change.started_at = parse_iso8601(text_member(data, "startDateTime"));
  return change;
}

BodyResult start_recording_failed(const json::object* data) {
  StartRecordingFailed failed{{text_member(data, "recordingId")}, result_of(data)};
  if (!is_recording_id(failed.recording_id.text))
    return std::unexpected("data.recordingId is not base64");
  return failed;
}

// What says that a call is there or over must say which: taken for this one's by its address alone,
// a torn event would end a call that goes on.
BodyResult of_connection(const json::object* data, EventBody body) {
  if (text_member(data, "callConnectionId").empty())
    return std::unexpected("data.callConnectionId is missing");
  return body;
}

std::string streaming_details(const json::object* data) {
  return text_member(object_member(data, "mediaStreamingUpdate"), "mediaStreamingStatusDetails");
}

std::vector<RecordingFileChunk> chunks_of(const json::object* data) {
  std::vector<RecordingFileChunk> chunks;
  const auto* list = member(object_member(data, "recordingStorageInfo"), "recordingChunks");
  if (!list || !list->is_array()) return chunks;
  for (const auto& element : list->get_array()) {
    const auto* chunk = element.if_object();
    const auto index = integer_member(chunk, "index").value_or(0);
    if (!chunk || index < 0 || index > 1'000'000 || chunks.size() >= chunks_max) continue;
    chunks.push_back({.index = static_cast<std::uint32_t>(index),
                      .document_id = text_member(chunk, "documentId"),
                      .end_reason = text_member(chunk, "endReason"),
                      .content_location = text_member(chunk, "contentLocation"),
                      .metadata_location = text_member(chunk, "metadataLocation"),
                      .delete_location = text_member(chunk, "deleteLocation")});
  }
  std::ranges::sort(chunks, {}, &RecordingFileChunk::index);
  return chunks;
}

BodyResult recording_file_status(const json::object& event, const json::object* data) {
  RecordingFileStatusUpdated update;
  // The published model has the id in the subject only; some resources repeat it in the data.
  update.recording_id.text = recording_id_of_subject(text_member(&event, "subject"));
  if (update.recording_id.empty()) update.recording_id.text = recording_id_of(event, data);
  if (update.recording_id.empty()) return std::unexpected("subject has no /recordingId/ segment");
  if (!is_recording_id(update.recording_id.text))
    return std::unexpected("the recordingId is not base64");
  update.chunks = chunks_of(data);
  update.started_at = parse_iso8601(text_member(data, "recordingStartTime"));
  if (const auto ms = integer_member(data, "recordingDurationMs");
      ms && *ms >= 0 && *ms < 1'000'000'000'000)
    update.duration = std::chrono::milliseconds(*ms);
  update.session_end_reason = text_member(data, "sessionEndReason");
  return update;
}

// Types with a meaning for us, at either kind of door.
BodyResult body_of(std::string_view type, const json::object& event, const json::object* data) {
  if (type == "IncomingCall") return incoming_call(event, data);
  if (type == "CallConnected") return of_connection(data, CallConnected{});
  if (type == "CallDisconnected") return of_connection(data, CallDisconnected{result_of(data)});
  if (type == "AnswerFailed") return of_connection(data, AnswerFailed{result_of(data)});
  if (type == "RecordingStateChanged") return recording_state_changed(event, data);
  if (type == "StartRecordingFailed") return start_recording_failed(data);
  if (type == "MediaStreamingStarted") return MediaStreamingStarted{streaming_details(data)};
  if (type == "MediaStreamingStopped") return MediaStreamingStopped{streaming_details(data)};
  if (type == "MediaStreamingFailed")
    return MediaStreamingFailed{result_of(data), streaming_details(data)};
  if (type == "RecordingFileStatusUpdated") return recording_file_status(event, data);
  return OtherEvent{};
}

bool belongs(std::string_view type, EventDoor door) {
  const bool grid_only = type == "IncomingCall";
  const bool both = type == "RecordingFileStatusUpdated";
  return both || grid_only == (door == EventDoor::event_grid);
}

class Decoder {
 public:
  // Keys and speech that somebody else asked ACS to recognise in our call: a card's number may be
  // among them, whose place is not our database.
  static bool may_hold_words(std::string_view type) {
    constexpr std::array<std::string_view, 6> hints{"Dtmf",   "Recogni", "Transcript",
                                                    "Dialog", "Speech",  "Tone"};
    return std::ranges::any_of(
        hints, [&](std::string_view hint) { return type.find(hint) != std::string_view::npos; });
  }

  Decoder(EventDoor door, const ContextId& context_id) : door_(door), context_id_(context_id) {}

  void element(std::size_t index, const json::value& value, std::string_view raw) {
    const auto* event = value.if_object();
    if (!event) return reject(index, "the event is not an object");
    auto type = either(*event, "type", "eventType");
    if (type.empty()) return reject(index, "type (or eventType) is missing");
    const auto* data = object_member(event, "data");
    if (door_ == EventDoor::event_grid &&
        type == "Microsoft.EventGrid.SubscriptionValidationEvent") {
      auto code = text_member(data, "validationCode");
      if (code.empty()) return reject(index, "data.validationCode is missing");
      result.validation_code = std::move(code);
      return;
    }
    auto body = decode_body(type, *event, data);
    if (!body) return reject(index, body.error());
    InboundEvent inbound{.door = door_, .type = std::move(type), .context_id = context_id_};
    inbound.id = text_member(event, "id");
    if (inbound.id.empty()) inbound.id = "sha256:" + crypto::to_hex(crypto::sha256(as_bytes(raw)));
    inbound.occurred_at = parse_iso8601(either(*event, "time", "eventTime"));
    inbound.connection_id.text = text_member(data, "callConnectionId");
    inbound.server_call_id.text = text_member(data, "serverCallId");
    inbound.correlation_id.text = text_member(data, "correlationId");
    inbound.body = std::move(*body);
    inbound.raw = raw;
    // A subscription may bring what is none of our business, such as the text of an SMS.
    if (std::holds_alternative<OtherEvent>(inbound.body) &&
        (door_ == EventDoor::event_grid || may_hold_words(inbound.type)))
      inbound.raw = json::serialize(json::object{{"id", inbound.id}, {"type", inbound.type}});
    result.events.push_back(std::move(inbound));
  }

  DecodedEvents result;

 private:
  BodyResult decode_body(std::string_view type, const json::object& event,
                         const json::object* data) {
    if (!type.starts_with(type_prefix)) return OtherEvent{};
    type.remove_prefix(type_prefix.size());
    auto body = body_of(type, event, data);
    if (belongs(type, door_)) return body;
    if (!body || !std::holds_alternative<OtherEvent>(*body)) ++result.at_wrong_door;
    return OtherEvent{};
  }
  void reject(std::size_t index, std::string reason) {
    result.rejected.push_back({index, std::move(reason)});
  }

  EventDoor door_;
  const ContextId& context_id_;
};

}  // namespace

std::string recording_id_of_subject(std::string_view subject) {
  constexpr std::string_view mark = "/recordingId/";
  const auto at = subject.rfind(mark);
  if (at == std::string_view::npos) return {};
  const auto rest = subject.substr(at + mark.size());
  return std::string(rest.substr(0, rest.find('/')));
}

Result<DecodedEvents> decode_events(std::string_view body, EventDoor door,
                                    const ContextId& context_id) {
  json::stream_parser parser;  // bounds the depth at 32
  boost::system::error_code error;
  const auto read = parser.write_some(body.data(), body.size(), error);
  if (!error && !parser.done()) parser.finish(error);
  if (!error && body.find_first_not_of(" \t\r\n", read) != std::string_view::npos)
    return fail(ErrorKind::invalid, fmt::format("more than one JSON value, at offset {}", read));
  if (error)
    return fail(ErrorKind::invalid,
                fmt::format("not JSON at offset {}: {}", read, error.message()));
  const auto root = parser.release();
  if (!root.is_array() && !root.is_object())
    return fail(ErrorKind::invalid, "neither an event nor an array of events");
  const auto slices = detail::top_level_elements(body);
  if (slices.size() > events_per_body_max)
    return fail(ErrorKind::invalid, fmt::format("more than {} events", events_per_body_max));

  Decoder decoder(door, context_id);
  if (root.is_object()) {
    decoder.element(0, root, slices.front());
  } else {
    for (std::size_t i = 0; i < root.get_array().size(); ++i)
      decoder.element(i, root.get_array()[i], slices.at(i));
  }
  return std::move(decoder.result);
}

}  // namespace earshot::acs
