#pragma once
// What happened on a simulated call: the truth that tests compare the product's account with.

#include "base/time.hpp"
#include "simulator/phone_line.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace earshot::simulator {

enum class CallOutcome { ringing, not_answered, rejected, redirected, answer_failed, completed };
std::string_view to_text(CallOutcome outcome);

struct StopAudioReport {
  Duration at{};                     // since the call connected
  std::int64_t samples_dropped = 0;  // queued and never heard
  bool while_playing = false;        // it cut something off
};

struct ChunkReport {
  int index = 0;
  std::string document_id;
  std::string audio_name;  // "" when it was never exported
  std::string metadata_name;
  Duration length{};
  std::size_t bytes = 0;
  std::string end_reason;
};

struct RecordingReport {
  std::string recording_id;
  WallTime started{};
  Duration started_at{};  // since the call connected
  Duration length{};
  std::vector<ChunkReport> chunks;
  bool file_event_accepted = false;
};

struct ProgressEntry {
  Duration at{};  // since the call was placed
  std::string kind;
  std::string text;
};
using ProgressSink = std::function<void(const ProgressEntry&)>;

struct CallReport {
  CallOutcome outcome = CallOutcome::ringing;
  std::string connection_id;
  std::string server_call_id;
  std::string call_id;
  std::string correlation_id;
  std::string caller_raw_id;
  std::string bot_raw_id;
  WallTime placed_at{};
  WallTime answered_at{};
  WallTime connected_at{};
  WallTime ended_at{};
  std::string end_reason;
  Duration talked{};

  std::uint32_t rate_hz = 0;
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_lost = 0;  // no socket, a full queue, or a trouble of the plan
  std::uint64_t audio_messages = 0;
  std::uint64_t bad_messages = 0;
  std::int64_t samples_received = 0;
  std::int64_t samples_played = 0;
  std::int64_t samples_flushed = 0;
  std::uint32_t sockets_opened = 0;
  std::uint32_t sockets_refused = 0;
  std::vector<StopAudioReport> stop_audios;
  std::vector<PlayedRun> played_runs;
  std::vector<RecordingReport> recordings;
  std::uint64_t callbacks_accepted = 0;
  std::uint64_t callbacks_refused = 0;
  int event_grid_status = 0;
  std::vector<ProgressEntry> progress;
};

std::string write_call_report(const CallReport& report);  // JSON

}  // namespace earshot::simulator
