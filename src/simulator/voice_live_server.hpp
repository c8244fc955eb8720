#pragma once
// The simulator's stand-in for Azure Voice Live: the WebSocket protocol of api-version 2026-07-15
// in model and agent mode, turn detection from energy, an assistant that speaks the lines of a
// script, barge-in, truncation, transcripts. It recognises no speech: what the caller said is taken
// from `caller_lines`, in order of turns.

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "net/router.hpp"
#include "simulator/speech.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace earshot::simulator {

struct VoiceLiveFaults {
  int refuse_connects = 0;           // the next n upgrades are refused …
  int refuse_status = 503;           // … with this status
  int refuse_retry_after_s = 0;      // … and this Retry-After; 0 = none
  Duration cut_after = 0s;           // sessions are cut so long after they were opened; 0 = never
  std::uint16_t cut_code = 1011;     // 0: without a close frame
  bool wrong_output_format = false;  // session.updated echoes another format than was asked for
  bool malformed_event = false;      // one event that is no JSON goes out after session.updated
};

struct VoiceLiveOptions {
  std::string api_key = "simulator-voice-live-key";
  bool accept_bearer = true;  // any non-empty bearer token
  std::vector<std::string>
      assistant_lines;  // spoken one a response, in order, then from the start again; "@name" calls
                        // that function, "@name {…}" with arguments, if the session declares it
  std::vector<std::string> caller_lines;  // transcripts of the caller's turns; then "caller turn N"
  std::string assistant_voice = "en-us";
  double generation_speed = 6;  // times real time
  Duration think_time = 300ms;  // from the end of the caller's turn to the first delta
  Duration transcript_delay = 400ms;
  Duration session_length_max = 60min;
  double speech_threshold_dbfs = -42;
  VoiceLiveFaults faults;
};

// What a test or the program's progress lines want to know.
struct VoiceLiveEvents {
  std::function<void(std::string session, std::string text)> happened;
};

// One item as the assistant generated it, and where it was truncated; for tests.
struct GeneratedItem {
  std::string session_id;
  std::string item_id;
  std::string text;
  std::uint64_t samples = 0;
  std::uint32_t sample_rate_hz = 0;
  std::int64_t truncated_at_ms = -1;
  bool cancelled = false;
};

class VoiceLiveServer {
 public:
  virtual ~VoiceLiveServer() = default;
  // Adds /voice-live/realtime. Call before serving.
  virtual void add_routes(net::Router& router) = 0;
  virtual VoiceLiveFaults& faults() = 0;
  virtual const std::vector<GeneratedItem>& items() const = 0;
  virtual std::size_t sessions_opened() const = 0;
  virtual std::size_t sessions_open() const = 0;
  // Cuts every open session (the service fell over).
  virtual void cut_sessions(std::uint16_t code) = 0;
  virtual Task<void> stop() = 0;
};

std::unique_ptr<VoiceLiveServer> make_voice_live_server(Executor& executor, Clock& clock,
                                                        Random& random, Log& log, Speech& speech,
                                                        VoiceLiveOptions options,
                                                        VoiceLiveEvents events = {});

}  // namespace earshot::simulator
