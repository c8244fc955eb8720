#include "simulator/callback_events.hpp"

#include "simulator/identifiers.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

namespace json = boost::json;

json::object identifier(const std::string& raw_id) {
  if (raw_id == "4:anonymous")
    return {{"kind", "phoneNumber"},
            {"rawId", raw_id},
            {"phoneNumber", json::object{{"value", "anonymous"}, {"isAnonymous", true}}}};
  if (raw_id.starts_with("4:"))
    return {{"kind", "phoneNumber"},
            {"rawId", raw_id},
            {"phoneNumber", json::object{{"value", raw_id.substr(2)}}}};
  if (raw_id.starts_with("8:acs:"))
    return {{"kind", "communicationUser"},
            {"rawId", raw_id},
            {"communicationUser", json::object{{"id", raw_id}}}};
  return {{"kind", "unknown"}, {"rawId", raw_id}};
}

json::object result_json(const ResultInfo& result) {
  json::object out{
      {"code", result.code}, {"subCode", result.sub_code}, {"message", result.message}};
  if (result.sip_code)
    out["sipDetails"] = json::object{{"code", *result.sip_code}, {"message", ""}};
  if (result.q850_code)
    out["q850Details"] = json::object{
        {"code", *result.q850_code}, {"message", *result.q850_code == 16 ? "Normal clearing" : ""}};
  return out;
}

json::object base_data(const EventContext& context) {
  return {{"version", "2026-03-12"},
          {"callConnectionId", context.ids.connection_id},
          {"serverCallId", context.ids.server_call_id},
          {"correlationId", context.ids.correlation_id}};
}

void add_operation_context(json::object& data, const EventContext& context) {
  if (context.operation_context)
    data["operationContext"] = *context.operation_context;
  else
    data["operationContext"] = nullptr;
}

CallbackEvent wrap(std::string type, const EventContext& context, json::object data) {
  const std::string source = "calling/callConnections/" + context.ids.connection_id;
  const json::object event{{"id", context.event_id},
                           {"source", source},
                           {"type", "Microsoft.Communication." + type},
                           {"data", std::move(data)},
                           {"time", callback_time(context.time)},
                           {"specversion", "1.0"},
                           {"datacontenttype", "application/json"},
                           {"subject", source}};
  return {.type = std::move(type), .json = json::serialize(event)};
}

std::string lower_first(std::string text) {
  text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace

std::string identifier_json(const std::string& raw_id) {
  return json::serialize(identifier(raw_id));
}

CallbackEvent call_event(std::string type, const EventContext& context, const ResultInfo& result) {
  json::object data = base_data(context);
  add_operation_context(data, context);
  data["resultInformation"] = result_json(result);
  return wrap(std::move(type), context, std::move(data));
}

CallbackEvent participants_updated(const EventContext& context,
                                   const std::vector<Participant>& participants,
                                   int sequence_number) {
  json::array list;
  for (const auto& participant : participants)
    list.push_back(json::object{
        {"identifier", identifier(participant.raw_id)}, {"isMuted", false}, {"isOnHold", false}});
  json::object data = base_data(context);
  data["participants"] = std::move(list);
  data["sequenceNumber"] = sequence_number;
  data["resultInformation"] = result_json({});
  return wrap("ParticipantsUpdated", context, std::move(data));
}

CallbackEvent recording_state_changed(const EventContext& context,
                                      const RecordingEventFacts& facts) {
  json::object data = base_data(context);
  data["recordingId"] = facts.recording_id;
  data["state"] = facts.state;
  data["startDateTime"] = callback_time(facts.started);
  data["recordingKind"] = facts.kind;
  return wrap("RecordingStateChanged", context, std::move(data));
}

CallbackEvent start_recording_failed(const EventContext& context, const std::string& recording_id,
                                     const ResultInfo& result) {
  json::object data = base_data(context);
  add_operation_context(data, context);
  data["recordingId"] = recording_id;
  data["resultInformation"] = result_json(result);
  return wrap("StartRecordingFailed", context, std::move(data));
}

CallbackEvent media_event(const EventContext& context, const MediaEventFacts& facts,
                          const ResultInfo& result) {
  json::object data = base_data(context);
  add_operation_context(data, context);
  data["mediaStreamingUpdate"] = json::object{{"contentType", "audio"},
                                              {"mediaStreamingStatus", lower_first(facts.type)},
                                              {"mediaStreamingStatusDetails", facts.details}};
  data["resultInformation"] = result_json(result);
  return wrap(facts.type, context, std::move(data));
}

std::string events_array(const std::vector<CallbackEvent>& events) {
  std::string out = "[";
  for (const auto& event : events) {
    if (out.size() > 1) out += ',';
    out += event.json;
  }
  return out + "]";
}

}  // namespace earshot::simulator
