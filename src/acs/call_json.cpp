#include "acs/detail/call_json.hpp"

#include "acs/detail/json_read.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/error_code.hpp>
#include <cctype>
#include <fmt/format.h>

namespace earshot::acs::detail {

namespace json = boost::json;

namespace {

constexpr std::size_t message_bytes_max = 300;
constexpr std::size_t word_bytes_max = 80;

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

RemoteCallState to_state(std::string_view text) {
  if (same_word(text, "connecting")) return RemoteCallState::connecting;
  if (same_word(text, "connected")) return RemoteCallState::connected;
  if (same_word(text, "disconnecting")) return RemoteCallState::disconnecting;
  if (same_word(text, "disconnected")) return RemoteCallState::disconnected;
  return RemoteCallState::other;
}

// A CommunicationIdentifierModel from a raw id: "4:" is the telephone network, "8:acs:" a user of
// an ACS resource, "8:orgid:" one of Teams.
json::object identifier(const std::string& raw_id) {
  json::object result;
  result["rawId"] = raw_id;
  if (raw_id.starts_with("4:")) {
    const bool anonymous = raw_id.starts_with("4:anonymous");
    result["kind"] = "phoneNumber";
    result["phoneNumber"] = {{"value", anonymous ? std::string("anonymous") : raw_id.substr(2)},
                             {"isAnonymous", anonymous}};
  } else if (raw_id.starts_with("8:orgid:")) {
    result["kind"] = "microsoftTeamsUser";
    result["microsoftTeamsUser"] = {{"userId", raw_id.substr(8)}};
  } else if (raw_id.starts_with("8:acs:")) {
    result["kind"] = "communicationUser";
    result["communicationUser"] = {{"id", raw_id}};
  } else {
    result["kind"] = "unknown";
  }
  return result;
}

Result<json::object> parse_object(std::string_view body) {
  boost::system::error_code error;
  auto value = json::parse(json::string_view(body.data(), body.size()), error);
  if (error)
    return fail(ErrorKind::corrupt, fmt::format("the reply is not JSON: {}", error.message()));
  auto* object = value.if_object();
  if (!object) return fail(ErrorKind::corrupt, "the reply is not a JSON object");
  return std::move(*object);
}

// ACS quotes what it was asked about: "4:+15550100".
bool holds_phone_number(std::string_view word) {
  constexpr std::ptrdiff_t digits_min = 6;
  for (auto plus = word.find('+'); plus != std::string_view::npos;
       plus = word.find('+', plus + 1)) {
    const auto rest = word.substr(plus + 1);
    const auto end = std::ranges::find_if(rest, [](char c) { return c < '0' || c > '9'; });
    if (end - rest.begin() >= digits_min) return true;
  }
  return false;
}

// What ACS says may quote what was sent, such as an incoming call context: long words are secrets
// or noise.
std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty() && result.size() < message_bytes_max) {
    const auto word = text.substr(0, std::min(text.find(' '), text.size()));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!result.empty()) result += ' ';
    const bool is_kept = word.size() <= word_bytes_max && !holds_phone_number(word);
    result += is_kept ? word : std::string_view("...");
  }
  result.resize(std::min(result.size(), message_bytes_max));
  return result;
}

}  // namespace

Result<std::string> answer_body(const AnswerRequest& request) {
  const auto rate = request.media_sample_rate_hz;
  if (rate != 16000 && rate != 24000)
    return fail(ErrorKind::invalid, fmt::format("media streaming at {} Hz is not offered", rate));
  json::object media{
      {"transportType", "websocket"},
      {"transportUrl", request.media_uri},
      {"contentType", "audio"},
      {"audioChannelType", "mixed"},
      {"startMediaStreaming", true},
      {"enableBidirectional", true},
      {"audioFormat", rate == 16000 ? "pcm16KMono" : "pcm24KMono"},
      {"enableDtmfTones", true},
  };
  json::object body{{"incomingCallContext", request.incoming_call_context.reveal()},
                    {"callbackUri", request.callback_uri},
                    {"mediaStreamingOptions", std::move(media)}};
  if (!request.operation_context.empty()) body["operationContext"] = request.operation_context;
  return json::serialize(body);
}

std::string reject_body(const Secret& incoming_call_context) {
  return json::serialize(json::object{{"incomingCallContext", incoming_call_context.reveal()},
                                      {"callRejectReason", "busy"}});
}

Result<std::string> start_recording_body(const StartRecordingRequest& request) {
  const bool unmixed = request.channels == RecordingChannels::unmixed;
  if (unmixed && request.format != RecordingFormat::wav)
    return fail(ErrorKind::invalid, "an unmixed recording can only be wav");
  json::object body{
      {"callLocator",
       {{"kind", "serverCallLocator"}, {"serverCallId", request.server_call_id.text}}},
      {"recordingContentType", "audio"},
      {"recordingChannelType", unmixed ? "unmixed" : "mixed"},
      {"recordingFormatType", request.format == RecordingFormat::wav ? "wav" : "mp3"},
  };
  if (!request.state_callback_uri.empty())
    body["recordingStateCallbackUri"] = request.state_callback_uri;
  if (unmixed && !request.caller_raw_id.empty()) {
    const auto caller = identifier(request.caller_raw_id);
    body["audioChannelParticipantOrdering"] = json::array{caller};
    body["channelAffinity"] = json::array{json::object{{"channel", 0}, {"participant", caller}}};
  }
  if (request.pause_on_start) body["pauseOnStart"] = true;
  if (request.container_url)
    body["externalStorage"] = {{"recordingStorageKind", "azureBlobStorage"},
                               {"recordingDestinationContainerUrl", *request.container_url}};
  return json::serialize(body);
}

Result<CallProperties> parse_call_properties(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return Failure(object.error());
  CallProperties call;
  call.connection_id.text = text_member(&*object, "callConnectionId");
  if (call.connection_id.empty())
    return fail(ErrorKind::corrupt, "the reply has no callConnectionId");
  call.server_call_id.text = text_member(&*object, "serverCallId");
  call.correlation_id.text = text_member(&*object, "correlationId");
  call.state = to_state(text_member(&*object, "callConnectionState"));
  const auto* media = object_member(&*object, "mediaStreamingSubscription");
  call.media_streaming_active = same_word(text_member(media, "state"), "active");
  return call;
}

Result<RecordingStatus> parse_recording_status(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return Failure(object.error());
  RecordingStatus status;
  status.id.text = text_member(&*object, "recordingId");
  if (status.id.empty()) return fail(ErrorKind::corrupt, "the reply has no recordingId");
  status.active = same_word(text_member(&*object, "recordingState"), "active");
  return status;
}

ServiceError parse_service_error(std::string_view body) {
  ServiceError result;
  const auto object = parse_object(body);
  if (!object) return result;
  const auto* error = object_member(&*object, "error");
  if (!error) error = &*object;  // {"message": …} or {title, status, …}
  result.code = text_member(error, "code");
  // The code is documented as text; a number is taken too.
  if (const auto number = integer_member(error, "code"); result.code.empty() && number)
    result.code = std::to_string(*number);
  result.message = text_member(error, "message");
  if (result.message.empty()) result.message = text_member(error, "title");
  result.message = printable(result.message);
  return result;
}

}  // namespace earshot::acs::detail
