#include "calls/detail/event_reading.hpp"

#include "domain/journal_text.hpp"

#include <algorithm>

namespace earshot::calls::detail {
namespace {

std::string codes(const ResultInformation& result) {
  return std::to_string(result.code) + "/" + std::to_string(result.sub_code);
}

struct Reader {
  const InboundEvent& event;
  std::string id;  // of the event, for the journal
  EventReading reading;

  void detail(std::initializer_list<JournalField> fields) {
    reading.journal_detail = journal_detail(fields);
  }
  void operator()(const IncomingCall&) { detail({{"event", id}}); }
  void operator()(const CallConnected&) {
    reading.event = call_event::Connected{event.connection_id, event.server_call_id,
                                          event.correlation_id, event.occurred_at};
    detail({{"event", id}, {"connection", event.connection_id.text}});
  }
  void operator()(const CallDisconnected& body) {
    reading.event =
        call_event::Disconnected{body.result.code, body.result.sub_code, event.occurred_at,
                                 event.connection_id, event.server_call_id};
    detail({{"event", id}, {"codes", codes(body.result)}});
  }
  void operator()(const AnswerFailed& body) {
    reading.event = call_event::AnswerRefused{body.result.code, body.result.sub_code};
    detail({{"event", id}, {"codes", codes(body.result)}});
  }
  void operator()(const RecordingStateChanged& body) {
    reading.event = call_event::RecordingState{body.recording_id, body.active, body.started_at,
                                               event.occurred_at};
    detail({{"event", id},
            {"recording", body.recording_id.text},
            {"state", body.active ? "active" : "inactive"}});
  }
  void operator()(const StartRecordingFailed& body) {
    reading.event = call_event::RecordingStartRefused{body.recording_id, body.result.code,
                                                      body.result.sub_code};
    detail({{"event", id}, {"recording", body.recording_id.text}, {"codes", codes(body.result)}});
  }
  void operator()(const MediaStreamingStarted& body) {
    detail({{"event", id}, {"details", body.details}});
  }
  void operator()(const MediaStreamingStopped& body) {
    detail({{"event", id}, {"details", body.details}});
  }
  void operator()(const MediaStreamingFailed& body) {
    reading.event = call_event::MediaFailed{body.result.code, body.result.sub_code, body.details};
    detail({{"event", id}, {"codes", codes(body.result)}, {"details", body.details}});
  }
  // The whole of it stays in the journal, where discovery reads which chunk was the last. The
  // locations are rows as well: file_locations_of().
  void operator()(const RecordingFileStatusUpdated& body) {
    std::string chunks;
    for (const auto& chunk : body.chunks) {
      if (!chunks.empty()) chunks += ',';
      chunks += "{\"index\":" + std::to_string(chunk.index) +
                ",\"documentId\":" + json_quoted(chunk.document_id) +
                ",\"endReason\":" + json_quoted(chunk.end_reason) +
                ",\"contentLocation\":" + json_quoted(chunk.content_location) +
                ",\"metadataLocation\":" + json_quoted(chunk.metadata_location) +
                ",\"deleteLocation\":" + json_quoted(chunk.delete_location) + "}";
    }
    std::string times;
    if (body.started_at) times += ",\"startedAt\":" + json_quoted(to_iso8601(*body.started_at));
    if (body.duration) times += ",\"durationMs\":" + std::to_string(body.duration->count() / 1000);
    reading.journal_detail = "{\"event\":" + json_quoted(id) +
                             ",\"recording\":" + json_quoted(body.recording_id.text) + times +
                             ",\"sessionEndReason\":" + json_quoted(body.session_end_reason) +
                             ",\"chunks\":[" + chunks + "]}";
  }
  void operator()(const OtherEvent&) { detail({{"event", id}}); }
};

}  // namespace

EventReading read_event(const InboundEvent& event) {
  Reader reader{.event = event, .id = event.id, .reading = {}};
  const auto dot = event.type.rfind('.');
  reader.reading.journal_type =
      "event " + (dot == std::string::npos ? event.type : event.type.substr(dot + 1));
  std::visit(reader, event.body);
  return std::move(reader.reading);
}

std::vector<FileLocation> file_locations_of(const InboundEvent& event, WallTime received_at) {
  std::vector<FileLocation> locations;
  const auto* updated = std::get_if<RecordingFileStatusUpdated>(&event.body);
  if (updated == nullptr) return locations;
  // An event of the future would have us believe that its files last longer than they do.
  const auto told_at = std::min(event.occurred_at.value_or(received_at), received_at);
  for (const auto& chunk : updated->chunks)
    locations.push_back({.recording = updated->recording_id,
                         .index = {chunk.index},
                         .document_id = chunk.document_id,
                         .end_reason = chunk.end_reason,
                         .content = chunk.content_location,
                         .metadata = chunk.metadata_location,
                         .deletion = chunk.delete_location,
                         .told_at = told_at,
                         .expires_at = told_at + files_kept_at_acs});
  return locations;
}

RecordingId recording_of(const InboundEvent& event) {
  if (const auto* changed = std::get_if<RecordingStateChanged>(&event.body))
    return changed->recording_id;
  if (const auto* failed = std::get_if<StartRecordingFailed>(&event.body))
    return failed->recording_id;
  if (const auto* updated = std::get_if<RecordingFileStatusUpdated>(&event.body))
    return updated->recording_id;
  return {};
}

}  // namespace earshot::calls::detail
