#include "simulator/event_grid_events.hpp"

#include "simulator/callback_events.hpp"
#include "simulator/identifiers.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

namespace json = boost::json;

std::string wrap(const EventGridEnvelope& envelope, const std::string& type,
                 const std::string& subject, json::object data) {
  if (envelope.schema == EventGridSchema::cloud_events)
    return json::serialize(json::object{{"id", envelope.event_id},
                                        {"source", envelope.topic},
                                        {"subject", subject},
                                        {"type", type},
                                        {"time", event_time(envelope.time)},
                                        {"specversion", "1.0"},
                                        {"data", std::move(data)}});
  return json::serialize(json::array{json::object{{"id", envelope.event_id},
                                                  {"topic", envelope.topic},
                                                  {"subject", subject},
                                                  {"data", std::move(data)},
                                                  {"eventType", type},
                                                  {"dataVersion", "1.0"},
                                                  {"metadataVersion", "1"},
                                                  {"eventTime", event_time(envelope.time)}}});
}

}  // namespace

std::string incoming_call_body(const EventGridEnvelope& envelope, const IncomingCallFacts& facts) {
  json::object sip;
  for (const auto& [name, value] : facts.sip_headers) sip[name] = value;
  json::object data{{"to", json::parse(identifier_json(facts.to_raw_id))},
                    {"from", json::parse(identifier_json(facts.from_raw_id))},
                    {"serverCallId", facts.server_call_id},
                    {"callerDisplayName", facts.display_name},
                    {"customContext",
                     json::object{{"sipHeaders", std::move(sip)}, {"voipHeaders", json::object{}}}},
                    {"incomingCallContext", facts.incoming_call_context},
                    {"correlationId", facts.correlation_id}};
  if (envelope.schema == EventGridSchema::event_grid) data["onBehalfOfCallee"] = nullptr;
  return wrap(envelope, "Microsoft.Communication.IncomingCall",
              fmt::format("/caller/{}/recipient/{}", facts.from_raw_id, facts.to_raw_id),
              std::move(data));
}

std::string recording_file_body(const EventGridEnvelope& envelope,
                                const RecordingFileFacts& facts) {
  json::array chunks;
  for (const auto& chunk : facts.chunks)
    chunks.push_back(json::object{{"documentId", chunk.document_id},
                                  {"index", chunk.index},
                                  {"endReason", chunk.end_reason},
                                  {"contentLocation", chunk.content},
                                  {"metadataLocation", chunk.metadata},
                                  {"deleteLocation", chunk.deletion}});
  json::object data{{"recordingStorageInfo", json::object{{"recordingChunks", std::move(chunks)}}},
                    {"recordingStartTime", event_time(facts.started)},
                    {"recordingDurationMs", facts.length.count() / 1000},
                    {"recordingContentType", "Audio"},
                    {"recordingChannelType", facts.unmixed ? "Unmixed" : "Mixed"},
                    {"recordingFormatType", facts.mp3 ? "Mp3" : "Wav"},
                    {"sessionEndReason", facts.session_end_reason}};
  return wrap(envelope, "Microsoft.Communication.RecordingFileStatusUpdated",
              fmt::format("/recording/call/{}/serverCallId/{}/recordingId/{}", facts.call_id,
                          facts.server_call_id, facts.recording_id),
              std::move(data));
}

std::string dead_letter_body(const std::string& body, const DeadLetterFacts& facts) {
  json::value value = json::parse(body);
  json::array events = value.is_array() ? value.get_array() : json::array{value};
  // CloudEvents' attributes are of lower-case letters.
  const bool cloud = facts.schema == EventGridSchema::cloud_events;
  for (auto& event : events) {
    auto& object = event.as_object();
    object[cloud ? "deadletterreason" : "deadLetterReason"] = facts.reason;
    object[cloud ? "deliveryattempts" : "deliveryAttempts"] = facts.attempts;
    object[cloud ? "lastdeliveryoutcome" : "lastDeliveryOutcome"] = facts.outcome;
    object[cloud ? "publishtime" : "publishTime"] = event_time(facts.published);
    object[cloud ? "lastdeliveryattempttime" : "lastDeliveryAttemptTime"] =
        event_time(facts.last_attempt);
  }
  return json::serialize(events);
}

std::string validation_body(const EventGridEnvelope& envelope, const std::string& code) {
  return json::serialize(json::array{json::object{
      {"id", envelope.event_id},
      {"topic", envelope.topic},
      {"subject", ""},
      {"data",
       json::object{{"validationCode", code},
                    {"validationUrl", "https://rp-sim.eventgrid.example:553/validate?id=" + code}}},
      {"eventType", "Microsoft.EventGrid.SubscriptionValidationEvent"},
      {"eventTime", event_time(envelope.time)},
      {"metadataVersion", "1"},
      {"dataVersion", "2"}}});
}

bool validation_answered(const std::string& body, const std::string& code) {
  json::error_code error;
  const json::value value = json::parse(body, error);
  if (error || !value.is_object()) return false;
  const auto* answer = value.get_object().if_contains("validationResponse");
  return answer != nullptr && answer->is_string() && answer->get_string() == code;
}

}  // namespace earshot::simulator
