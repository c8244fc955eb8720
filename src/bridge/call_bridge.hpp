#pragma once
// One call's audio: caller to assistant and back, with ledger, tap, turns. Lives on the executor of
// the call's media socket (`calls` makes it there); when a newer socket arrives on another thread
// the bridge stays where it is and the frames are handed over through a bounded queue, counted.
// What it decides is the pure bridge_machine; this is the coroutines around it.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "domain/call.hpp"
#include "domain/turn.hpp"
#include "ports/assistant.hpp"
#include "ports/caller_audio.hpp"
#include "ports/tap_spool.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot {

struct BridgeOptions {
  std::string greeting;          // what the assistant says first; "" = it waits for the caller
  std::string recording_notice;  // said before the greeting, cannot be interrupted; "" = none
  Duration greeting_wait_max =
      3s;  // first words wait for the recording to be active, no longer than this
  Duration play_out_lead = 200ms;
  Duration downlink_estimate = 250ms;  // from our send to the caller's ear
  Duration early_audio_max = 2s;       // caller audio kept while the session opens
  Duration assistant_lost_max =
      5s;                        // unreachable for so long: the spoken notice, then as configured
  Bytes unreachable_notice_wav;  // empty: the bundled one
  bool hang_up_when_unreachable = true;
  // Of the assistant's sessions; 0: as the media socket, so that nothing is resampled.
  std::uint32_t session_rate_hz = 0;
  Duration session_rotate_after = 55min;
  Duration idle_caller_max = 0s;   // nobody speaks for so long: hang up; 0 = never
  std::string idle_caller_prompt;  // said at half that time; "" = nothing
  bool tap = true;
  // While the recording is paused the assistant hears silence instead of the caller, unless this.
  bool assistant_hears_pauses = false;
  // The assistant is offered the functions pause_recording and resume_recording.
  bool pause_functions = false;
  // Keys that pause and resume the recording, such as "*1"; "" = none.
  std::string pause_keys;
  std::string resume_keys;
};

// What the bridge tells the call. Called on the bridge's executor; implementations post onwards and
// never wait.
class BridgeObserver {
 public:
  virtual ~BridgeObserver() = default;
  virtual void turn_changed(const Turn& turn) = 0;  // new or amended
  virtual void dtmf(const std::string& tone) = 0;   // not while nothing may be kept
  virtual void caller_audio_lost(
      const std::string& reason) = 0;  // the socket ended or was silent for 30 s
  virtual void caller_audio_back() = 0;
  // The recording notice, to its end: what the caller can have heard, not what was sent.
  virtual void notice_played(const PlayedNotice& notice) = 0;
  virtual void assistant_state(bool reachable, const std::string& reason) = 0;
  virtual void wants_hang_up(const std::string& reason) = 0;
  // `asker` is to be answered by CallBridge::recording_steered; "" = nobody waits.
  virtual void wants_recording(bool paused, const std::string& by, const std::string& asker) = 0;
  virtual void noted(const std::string& type,
                     const std::string& detail_json) = 0;  // for the journal; no personal data
};

struct BridgeStart {
  ContextId call;
  WallTime connected_at{};  // zero of the call's clock
  std::uint32_t assistant_rate_hz = 24000;
  std::vector<Turn> conversation;  // of an earlier run of this call; then there is no greeting
  bool recording_active = false;
  bool is_private = false;  // as set_private()
  bool say_notice = true;   // false when an earlier run has said it
  // The notice waits for nothing, and what follows it for the recording to be active.
  bool notice_first = false;
};

// Given at construction, outlive the bridge.
struct BridgeServices {
  Executor& executor;  // of the media socket
  Clock& clock;
  Random& random;
  Log& log;
  Counters& counters;
  Assistant& assistant;
  TapSpool& spool;
};

class CallBridge {
 public:
  virtual ~CallBridge() = default;
  // All thread-safe (they post to the bridge's executor).
  // Hands over a media socket; the newer of two wins, the older is closed. `done` runs on `where`
  // when the bridge no longer needs it.
  virtual void attach(std::unique_ptr<CallerAudio> audio, Executor& where,
                      std::move_only_function<void()> done) = 0;
  virtual void recording_active(
      bool active) = 0;  // opens the greeting's gate; false during a pause
  // While on, nothing of what is said or keyed is kept: the tap and the ledger's levels are silent,
  // turns have no words, keys are not told, and the assistant hears silence unless configured.
  virtual void set_private(bool on) = 0;
  // What became of wants_recording: ACS has confirmed, or why not.
  virtual void recording_steered(std::string asker, bool done, std::string why_not) = 0;
  virtual void end(
      std::string reason) = 0;  // the call is over: drain, close the session, finish ledger and tap
  // Runs until end(). Spawned once on services.executor by the owner.
  virtual Task<void> run() = 0;
};

std::shared_ptr<CallBridge> make_call_bridge(BridgeServices services, const BridgeOptions& options,
                                             BridgeStart start, BridgeObserver& observer);

}  // namespace earshot
