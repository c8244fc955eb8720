#include "api/detail/verdict_summary.hpp"
#include "api/verdict_view.hpp"
#include "api/views.hpp"
#include "domain/imported_call.hpp"
#include "domain/words.hpp"

#include <boost/json.hpp>

namespace earshot::api {
namespace json = boost::json;
namespace {

json::value time(const std::optional<WallTime>& at) {
  return at ? json::value(to_iso8601(*at)) : json::value(nullptr);
}

// ACS's raw id of a phone number is "4:" and the number; other ids stay as they are.
std::string_view party(std::string_view raw_id) {
  return raw_id.starts_with("4:") ? raw_id.substr(2) : raw_id;
}

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

// Null: there is nothing to judge, or not yet.
json::value show_verdict_in_list(const Call& call, const std::optional<Verdict>& verdict) {
  if (verdict) return show_summary(*verdict);
  if (is_judged(call) && call.phase == CallPhase::ended)
    return json::object{{"kind", to_text(VerdictKind::pending)}};
  return nullptr;
}

json::object show(const Recording& recording) {
  return {{"recordingId", recording.id.text},
          {"contextId", recording.call.text},
          {"state", to_text(recording.phase)},
          {"channels", recording.channels == RecordingChannels::mixed ? "mixed" : "unmixed"},
          {"format", recording.format == RecordingFormat::wav ? "wav" : "mp3"},
          {"byos", recording.byos},
          {"requestedAt", to_iso8601(recording.requested_at)},
          {"activeAt", time(recording.active_at)},
          {"endedAt", time(recording.ended_at)},
          {"endedAfter", time(recording.ended_after)},
          {"endReason", recording.end_reason},
          {"discovery", to_text(recording.discovery)},
          {"discoveredAt", time(recording.discovered_at)},
          {"folder", recording.folder}};
}

json::object show(const Chunk& chunk) {
  return {{"chunkIndex", chunk.index.value},
          {"audio", chunk.audio.text},
          {"metadata", chunk.metadata.text},
          {"documentId", chunk.document_id},
          {"bytes", chunk.bytes},
          {"sampleRateHz", chunk.format.sample_rate_hz},
          {"channels", chunk.format.channels},
          {"bitsPerSample", chunk.format.bits_per_sample},
          {"start", time(chunk.start)},
          {"durationSeconds", seconds(chunk.audio_duration())},
          {"metadataDurationSeconds",
           chunk.duration ? json::value(seconds(*chunk.duration)) : json::value(nullptr)}};
}

json::object show(const ListedCall& view) {
  const Call& call = view.call;
  json::array recordings;
  for (const Recording& recording : view.recordings) recordings.push_back(show(recording));
  return {{"contextId", call.id.text},
          {"state", to_text(call.phase)},
          {"imported", is_imported(call)},
          {"caller", party(view.personal.caller)},
          {"called", party(view.personal.called)},
          {"callerName", view.personal.caller_name},
          {"receivedAt", to_iso8601(call.received_at)},
          {"answeredAt", time(call.answered_at)},
          {"connectedAt", time(call.connected_at)},
          {"endedAt", time(call.ended_at)},
          {"durationSeconds", call.connected_at && call.ended_at
                                  ? json::value(seconds(*call.ended_at - *call.connected_at))
                                  : json::value(nullptr)},
          {"endReason", call.end_reason},
          {"endCode", call.end_code},
          {"endSubCode", call.end_sub_code},
          {"recordingState", to_text(call.recording_phase)},
          {"recordingNotice", show_notice(call)},
          {"correlationId", call.correlation_id.text},
          {"callConnectionId", call.connection_id.text},
          {"serverCallId", call.server_call_id.text},
          {"resource", call.resource},
          {"verdict", show_verdict_in_list(call, view.verdict)},
          {"recordings", std::move(recordings)}};
}

json::object show(const ListedRecording& view) {
  json::object shown = show(view.recording);
  json::array chunks;
  double total = 0;
  std::uint64_t bytes = 0;
  for (const Chunk& chunk : view.chunks) {
    chunks.push_back(show(chunk));
    total += seconds(chunk.audio_duration());
    bytes += chunk.bytes;
  }
  json::array pauses;
  for (const RecordingPause& pause : view.pauses)
    pauses.push_back({{"from", to_iso8601(pause.from)}, {"to", time(pause.to)}});
  shown["chunkCount"] = view.chunks.size();
  shown["durationSeconds"] = total;
  shown["bytes"] = bytes;
  shown["chunks"] = std::move(chunks);
  shown["pauses"] = std::move(pauses);
  shown["verdict"] = view.verdict ? json::value(show_summary(*view.verdict)) : json::value(nullptr);
  return shown;
}

template <class View>
std::string list(const std::vector<View>& views, std::string_view name, const std::string& next) {
  json::array items;
  for (const View& view : views) items.push_back(show(view));
  json::object body;
  body[name] = std::move(items);
  body["next"] = next.empty() ? json::value(nullptr) : json::value(next);
  return json::serialize(body);
}

}  // namespace

std::string call_list_json(const std::vector<ListedCall>& calls, const std::string& next) {
  return list(calls, "calls", next);
}

std::string call_json(const ListedCall& call, const std::vector<Diagnostics>& exchanged) {
  json::object shown = show(call);
  json::array diagnostics;
  for (const Diagnostics& one : exchanged)
    diagnostics.push_back({{"operation", one.operation},
                           {"status", one.status},
                           {"clientRequestId", one.client_request_id},
                           {"chainId", one.chain_id},
                           {"msCv", one.ms_cv},
                           {"date", one.date}});
  shown["diagnostics"] = std::move(diagnostics);
  return json::serialize(shown);
}

std::string recording_list_json(const std::vector<ListedRecording>& recordings,
                                const std::string& next) {
  return list(recordings, "recordings", next);
}

std::string recording_json(const ListedRecording& recording) {
  return json::serialize(show(recording));
}

std::string turns_json(const std::vector<Turn>& turns) {
  json::array items;
  for (const Turn& stored : turns) {
    const Turn turn = as_heard(stored);
    json::array words;
    for (const TurnWord& one : turn.words)
      words.push_back({{"text", one.text},
                       {"startSeconds", seconds(one.start)},
                       {"endSeconds", seconds(one.end)}});
    items.push_back({{"speaker", turn.speaker == Speaker::caller ? "caller" : "assistant"},
                     {"startSeconds", seconds(turn.start)},
                     {"endSeconds", seconds(turn.end)},
                     {"text", turn.text},
                     {"generatedText", turn.generated_text},
                     {"interrupted", turn.interrupted},
                     {"cutIsEstimated", turn.cut_is_estimated},
                     {"itemId", turn.item_id},
                     {"words", std::move(words)}});
  }
  return json::serialize(json::object{{"turns", std::move(items)}});
}

std::string journal_json(const std::vector<JournalEntry>& entries) {
  json::array items;
  for (const JournalEntry& entry : entries) {
    boost::system::error_code error;
    json::value detail = json::parse(entry.detail, error);
    if (error) detail = entry.detail;
    items.push_back({{"number", entry.number},
                     {"at", to_iso8601(entry.at)},
                     {"type", entry.type},
                     {"detail", std::move(detail)}});
  }
  return json::serialize(json::object{{"journal", std::move(items)}});
}

std::string diagnostics_json(const std::vector<Call>& open_calls,
                             const std::vector<Recording>& recordings) {
  json::object active;
  json::object correlations;
  json::object server_calls;
  for (const Call& call : open_calls) {
    if (!call.recording_id.empty()) active[call.id.text] = call.recording_id.text;
    correlations[call.id.text] = call.correlation_id.text;
    server_calls[call.id.text] = call.server_call_id.text;
  }
  json::object states;
  for (const Recording& recording : recordings)
    states[recording.id.text] = to_text(recording.phase);
  return json::serialize(json::object{{"active_recordings", std::move(active)},
                                      {"recording_states", std::move(states)},
                                      {"context_correlations", std::move(correlations)},
                                      {"context_server_call_ids", std::move(server_calls)}});
}

}  // namespace earshot::api
