#pragma once
// A recording as the service runs it: started by REST, fed with the call's audio, its chunks
// exported when they are complete, its files announced when it is over.

#include "base/task_group.hpp"
#include "simulator/acs_options.hpp"
#include "simulator/call_plan.hpp"
#include "simulator/call_report.hpp"
#include "simulator/event_delivery.hpp"
#include "simulator/recorder.hpp"
#include "simulator/rest_messages.hpp"
#include "simulator/service_storage.hpp"
#include "simulator/services.hpp"

#include <memory>
#include <string>

namespace earshot::simulator {

// Shared by all recordings; outlive them. `exports` may be null: then nothing is exported.
struct RecordingShop {
  SimulatorServices services;
  const AcsOptions& options;
  Faults& faults;
  EventDelivery& delivery;
  ServiceStorage& storage;
  ChunkStore* exports = nullptr;
  std::string base_url;  // of the service's own storage
};

struct RecordedCall {
  CallIds ids;
  std::string call_id;
  std::string caller_raw_id;
  std::string bot_raw_id;
  std::string event_grid_url;
  std::uint32_t rate_hz = 16000;
  RecordingTroubles troubles;
};

enum class RecordingPhase { starting, active, paused, stopped };

class RecordingSession {
 public:
  RecordingSession(RecordingShop shop, RecordedCall call, StartRecordingRequest request,
                   ProgressSink progress);

  const std::string& id() const { return id_; }
  const StartRecordingRequest& request() const { return request_; }
  RecordingPhase phase() const { return phase_; }
  // As REST tells it: what is about to start reads as active already.
  std::string state() const;
  WallTime started() const { return started_; }

  void activate(WallTime at, Duration since_connected);
  // Times: where the next frame of audio begins, so that pauses are exact to the sample.
  void pause(WallTime at);
  void resume(WallTime at);
  // A stop is accepted; stop() will follow, and until then nothing changes.
  void begin_stop() { stopping_ = true; }
  bool is_stopping() const { return stopping_; }
  // The service stopped it, a request did, or the call ended: no more audio. The last chunk and
  // the file event follow by themselves.
  void stop(WallTime at);
  void add(std::span<const std::int16_t> caller, std::span<const std::int16_t> played, WallTime at);
  // Returns when everything is exported and announced.
  Task<void> join();
  const RecordingReport& report() const { return report_; }

 private:
  void export_later(std::vector<FinishedChunk> chunks);
  Task<void> export_chunk(FinishedChunk chunk, int order);
  Task<void> export_files(FinishedChunk chunk, int order, std::string audio);
  Task<bool> put_files(std::string folder, ChunkReport chunk, std::string audio,
                       std::string metadata);
  const ChunkTrouble* trouble_of(int index, ChunkTroubleKind kind) const;
  std::string metadata_of(const FinishedChunk& chunk, const std::string& document_id,
                          const std::string& call_id, const RecordingFileOptions& files) const;
  Task<void> announce();

  RecordingShop shop_;
  RecordedCall call_;
  StartRecordingRequest request_;
  ProgressSink progress_;
  std::string id_;
  RecordingNames names_;
  Recorder recorder_;
  RecordingPhase phase_ = RecordingPhase::starting;
  bool resumed_early_ = false;  // before it had begun, paused
  bool stopping_ = false;
  WallTime started_{};
  RecordingReport report_;
  TaskGroup exports_;
  TaskGroup late_exports_;  // which the file event does not wait for
  TaskGroup announcements_;
};

}  // namespace earshot::simulator
