#include "simulator/call_report.hpp"

#include "simulator/identifiers.hpp"

#include <boost/json.hpp>

namespace earshot::simulator {
namespace {

namespace json = boost::json;

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

json::array stop_audios_json(const CallReport& report) {
  json::array out;
  for (const auto& stop : report.stop_audios)
    out.push_back(json::object{{"at", seconds(stop.at)},
                               {"samplesDropped", stop.samples_dropped},
                               {"whilePlaying", stop.while_playing}});
  return out;
}

json::array runs_json(const CallReport& report) {
  json::array out;
  for (const auto& run : report.played_runs)
    out.push_back(json::object{{"firstSample", run.first_sample},
                               {"samples", run.samples},
                               {"delay", seconds(run.delay)},
                               {"flushed", run.flushed}});
  return out;
}

json::array recordings_json(const CallReport& report) {
  json::array out;
  for (const auto& recording : report.recordings) {
    json::array chunks;
    for (const auto& chunk : recording.chunks)
      chunks.push_back(json::object{{"index", chunk.index},
                                    {"documentId", chunk.document_id},
                                    {"audio", chunk.audio_name},
                                    {"metadata", chunk.metadata_name},
                                    {"length", seconds(chunk.length)},
                                    {"bytes", chunk.bytes},
                                    {"endReason", chunk.end_reason}});
    out.push_back(json::object{{"recordingId", recording.recording_id},
                               {"started", event_time(recording.started)},
                               {"startedAt", seconds(recording.started_at)},
                               {"length", seconds(recording.length)},
                               {"chunks", std::move(chunks)},
                               {"fileEventAccepted", recording.file_event_accepted}});
  }
  return out;
}

}  // namespace

std::string_view to_text(CallOutcome outcome) {
  switch (outcome) {
    case CallOutcome::ringing:
      return "ringing";
    case CallOutcome::not_answered:
      return "not answered";
    case CallOutcome::rejected:
      return "rejected";
    case CallOutcome::redirected:
      return "redirected";
    case CallOutcome::answer_failed:
      return "answer failed";
    case CallOutcome::completed:
      return "completed";
  }
  return "";
}

std::string write_call_report(const CallReport& report) {
  return json::serialize(json::object{
      {"outcome", to_text(report.outcome)},
      {"endReason", report.end_reason},
      {"callConnectionId", report.connection_id},
      {"serverCallId", report.server_call_id},
      {"callId", report.call_id},
      {"correlationId", report.correlation_id},
      {"callerRawId", report.caller_raw_id},
      {"botRawId", report.bot_raw_id},
      {"placedAt", event_time(report.placed_at)},
      {"connectedAt", event_time(report.connected_at)},
      {"endedAt", event_time(report.ended_at)},
      {"talked", seconds(report.talked)},
      {"rate", report.rate_hz},
      {"framesSent", report.frames_sent},
      {"framesLost", report.frames_lost},
      {"audioMessages", report.audio_messages},
      {"badMessages", report.bad_messages},
      {"samplesReceived", report.samples_received},
      {"samplesPlayed", report.samples_played},
      {"samplesFlushed", report.samples_flushed},
      {"socketsOpened", report.sockets_opened},
      {"socketsRefused", report.sockets_refused},
      {"stopAudios", stop_audios_json(report)},
      {"playedRuns", runs_json(report)},
      {"recordings", recordings_json(report)},
      {"callbacksAccepted", report.callbacks_accepted},
      {"callbacksRefused", report.callbacks_refused},
      {"eventGridStatus", report.event_grid_status},
  });
}

}  // namespace earshot::simulator
