#include "simulator/recording_session.hpp"

#include "simulator/identifiers.hpp"
#include "simulator/wav_file.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

RecorderOptions recorder_options(const RecordingShop& shop, const RecordedCall& call,
                                 const StartRecordingRequest& request) {
  RecorderOptions options{.input_rate_hz = call.rate_hz,
                          .unmixed = request.unmixed,
                          .chunk_length = shop.options.chunk_length,
                          .caller_raw_id = call.caller_raw_id,
                          .bot_raw_id = call.bot_raw_id,
                          .drift_ppm = call.troubles.drift_ppm,
                          .lost_at_change = call.troubles.lost_at_change};
  for (const auto& [raw_id, channel] : request.channels) {
    if (raw_id == call.caller_raw_id) options.caller_channel = channel;
    if (raw_id == call.bot_raw_id) options.bot_channel = channel;
  }
  return options;
}

}  // namespace

RecordingSession::RecordingSession(RecordingShop shop, RecordedCall call,
                                   StartRecordingRequest request, ProgressSink progress)
    : shop_(shop),
      call_(std::move(call)),
      request_(std::move(request)),
      progress_(std::move(progress)),
      id_(make_recording_id(shop_.services.random)),
      recorder_(recorder_options(shop_, call_, request_)),
      exports_(shop_.services.executor, shop_.services.clock, shop_.services.log, "sim exports"),
      late_exports_(shop_.services.executor, shop_.services.clock, shop_.services.log,
                    "sim late exports"),
      announcements_(shop_.services.executor, shop_.services.clock, shop_.services.log,
                     "sim file events") {
  report_.recording_id = id_;
  names_ = {.server_call_id = call_.ids.server_call_id,
            .call_id = call_.call_id,
            .recording_id = id_,
            .folder_guid = make_uuid(shop_.services.random)};
}

void RecordingSession::activate(WallTime at, Duration since_connected) {
  if (phase_ != RecordingPhase::starting) return;
  started_ = at;
  names_.started = at;
  report_.started = at;
  report_.started_at = since_connected;
  recorder_.start(at);
  const bool paused = request_.pause_on_start && !resumed_early_;
  phase_ = paused ? RecordingPhase::paused : RecordingPhase::active;
  if (paused) recorder_.pause(at);
}

std::string RecordingSession::state() const {
  const bool starts_active = !request_.pause_on_start || resumed_early_;
  const bool active =
      phase_ == RecordingPhase::active || (phase_ == RecordingPhase::starting && starts_active);
  return active ? "active" : "inactive";
}

void RecordingSession::pause(WallTime at) {
  if (phase_ != RecordingPhase::active) return;
  phase_ = RecordingPhase::paused;
  recorder_.pause(at);
}

void RecordingSession::resume(WallTime at) {
  if (phase_ == RecordingPhase::starting) resumed_early_ = true;
  if (phase_ != RecordingPhase::paused) return;
  phase_ = RecordingPhase::active;
  recorder_.resume(at);
}

void RecordingSession::stop(WallTime at) {
  if (phase_ == RecordingPhase::stopped) return;
  const bool had_started = phase_ != RecordingPhase::starting;
  phase_ = RecordingPhase::stopped;
  if (!had_started) return;
  export_later(recorder_.finish(at));
  report_.length = recorder_.recorded();
  announcements_.spawn(announce());
}

void RecordingSession::add(std::span<const std::int16_t> caller,
                           std::span<const std::int16_t> played, WallTime at) {
  if (phase_ != RecordingPhase::active) return;
  const auto& troubles = call_.troubles;
  const auto since_connected =
      std::chrono::duration_cast<Duration>(at - started_) + report_.started_at;
  if (troubles.deaf_from && since_connected >= *troubles.deaf_from) return;
  const std::vector<std::int16_t> silence(caller.size());
  export_later(recorder_.add(troubles.without_caller ? silence : caller,
                             troubles.without_assistant ? silence : played, at));
}

const ChunkTrouble* RecordingSession::trouble_of(int index, ChunkTroubleKind kind) const {
  for (const auto& trouble : call_.troubles.chunks)
    if (trouble.index == index && trouble.kind == kind) return &trouble;
  return nullptr;
}

void RecordingSession::export_later(std::vector<FinishedChunk> chunks) {
  for (auto& chunk : chunks) {
    const int order = static_cast<int>(report_.chunks.size());
    report_.chunks.push_back({.index = chunk.index,
                              .document_id = make_document_id(shop_.services.random),
                              .length = chunk.length,
                              .end_reason = chunk.end_reason});
    exports_.spawn(export_chunk(std::move(chunk), order));
  }
}

Task<void> RecordingSession::export_chunk(FinishedChunk chunk, int order) {
  co_await shop_.services.clock.sleep_for(shop_.options.chunk_write_delay);
  ChunkReport& entry = report_.chunks[static_cast<std::size_t>(order)];
  std::string audio;
  if (request_.mp3) {
    auto made = make_mp3(chunk.samples, recording_rate_hz);
    if (!made) shop_.services.log.error("chunk was not written", {{"why", made.error().message}});
    if (made) audio = std::move(*made);
  } else {
    audio = make_wav(chunk.samples, recording_rate_hz, static_cast<std::uint16_t>(chunk.channels));
  }
  const std::string metadata =
      metadata_of(chunk, entry.document_id, call_.call_id, shop_.options.files);
  entry.bytes = audio.size();
  shop_.storage.put(entry.document_id, audio, metadata);

  const bool exported = !request_.container_url.empty() || shop_.options.export_always;
  if (shop_.exports == nullptr || !exported ||
      lists_index(shop_.options.files.missing_chunks, chunk.index) ||
      trouble_of(chunk.index, ChunkTroubleKind::lost) != nullptr)
    co_return;
  if (trouble_of(chunk.index, ChunkTroubleKind::late) != nullptr)
    late_exports_.spawn(export_files(std::move(chunk), order, std::move(audio)));
  else
    co_await export_files(std::move(chunk), order, std::move(audio));
}

std::string RecordingSession::metadata_of(const FinishedChunk& chunk,
                                          const std::string& document_id,
                                          const std::string& call_id,
                                          const RecordingFileOptions& files) const {
  const MetadataFacts facts{.resource_id = shop_.options.identity.audience,
                            .call_id = call_id,
                            .document_id = document_id,
                            .unmixed = request_.unmixed,
                            .mp3 = request_.mp3};
  return chunk_metadata(chunk, facts, files);
}

// Into the customer's container, with all that can befall a chunk on the way.
Task<void> RecordingSession::export_files(FinishedChunk chunk, int order, std::string audio) {
  const auto befalls = [this, index = chunk.index](ChunkTroubleKind kind) {
    return trouble_of(index, kind) != nullptr;
  };
  if (const auto* late = trouble_of(chunk.index, ChunkTroubleKind::late))
    co_await shop_.services.clock.sleep_for(late->delay);
  RecordingFileOptions files = shop_.options.files;
  files.swap_types = files.swap_types || befalls(ChunkTroubleKind::metadata_swapped);
  ChunkReport copy = report_.chunks[static_cast<std::size_t>(order)];
  std::string of_call = call_.call_id;
  if (befalls(ChunkTroubleKind::metadata_of_another)) {
    of_call = make_uuid(shop_.services.random);
    chunk.start -= 27h;
  }
  std::string metadata = metadata_of(chunk, copy.document_id, of_call, files);
  if (befalls(ChunkTroubleKind::metadata_missing)) metadata.clear();
  if (befalls(ChunkTroubleKind::torn) || lists_index(files.torn_chunks, chunk.index))
    audio.resize(audio.size() / 2);
  if (befalls(ChunkTroubleKind::empty)) audio.clear();
  if (files.export_twice || befalls(ChunkTroubleKind::duplicated)) {
    RecordingNames twin = names_;
    twin.folder_guid = make_uuid(shop_.services.random);
    RecordingFileOptions twin_files = files;
    twin_files.folder = RecordingFolder::prefix_and_guid;
    co_await put_files(recording_folder(twin, twin_files), copy, audio, metadata);
  }
  const std::string folder = recording_folder(names_, files);
  const bool put =
      co_await put_files(folder, std::move(copy), std::move(audio), std::move(metadata));
  if (!put) co_return;
  // The vector may have grown meanwhile: found anew.
  ChunkReport& done = report_.chunks[static_cast<std::size_t>(order)];
  const std::string extension = request_.mp3 ? "mp3" : "wav";
  done.audio_name =
      folder + chunk_file(done.index, "audio" + extension, extension, done.document_id, files);
  done.metadata_name =
      folder + chunk_file(done.index, "acsmetadata", "json", done.document_id, files);
  progress_({.kind = "chunk",
             .text = fmt::format("chunk {} written, {:.1f} s", done.index,
                                 static_cast<double>(done.length.count()) / 1e6)});
}

Task<bool> RecordingSession::put_files(std::string folder, ChunkReport chunk, std::string audio,
                                       std::string metadata) {
  const Fault fault = shop_.faults.at("storage.put");
  if (fault.delay > Duration::zero()) co_await shop_.services.clock.sleep_for(fault.delay);
  if (fault.drop) co_return false;
  const std::string extension = request_.mp3 ? "mp3" : "wav";
  const std::string audio_name = chunk_file(chunk.index, "audio" + extension, extension,
                                            chunk.document_id, shop_.options.files);
  const std::string metadata_name =
      chunk_file(chunk.index, "acsmetadata", "json", chunk.document_id, shop_.options.files);
  auto put =
      co_await shop_.exports->put(request_.container_url, folder + audio_name, std::move(audio),
                                  request_.mp3 ? "audio/mpeg" : "audio/wav");
  if (put && !metadata.empty())
    put = co_await shop_.exports->put(request_.container_url, folder + metadata_name,
                                      std::move(metadata), "application/json");
  if (!put) shop_.services.log.error("chunk was not exported", {{"why", put.error().message}});
  co_return put.has_value();
}

Task<void> RecordingSession::announce() {
  co_await exports_.join();
  if (!shop_.options.send_file_event || call_.event_grid_url.empty()) co_return;
  co_await shop_.services.clock.sleep_for(shop_.options.file_event_delay);
  RecordingFileFacts facts{.call_id = call_.call_id,
                           .server_call_id = call_.ids.server_call_id,
                           .recording_id = id_,
                           .started = started_,
                           .length = report_.length,
                           .unmixed = request_.unmixed,
                           .mp3 = request_.mp3};
  for (const auto& chunk : report_.chunks) {
    const std::string object = fmt::format("{}/v1/objects/{}", shop_.base_url, chunk.document_id);
    // The suffix says video whatever the format, as the service's does.
    facts.chunks.push_back({chunk.index, chunk.document_id, chunk.end_reason,
                            object + "/content/video", object + "/content/acsmetadata", object});
  }
  std::string body = recording_file_body(shop_.delivery.envelope(), facts);
  const Delivery delivery = co_await shop_.delivery.event_grid(
      call_.event_grid_url, "RecordingFileStatusUpdated", std::move(body));
  report_.file_event_accepted = delivery.accepted;
}

Task<void> RecordingSession::join() {
  // The announcement waits for the exports; only one may wait for them.
  co_await announcements_.join();
  co_await late_exports_.join();
}

}  // namespace earshot::simulator
