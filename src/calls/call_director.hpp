#pragma once
// Ring, answer, record, bridge, end: gives every stored event to its call, and brings every media
// socket to its bridge. One actor for each call that something is going on with; it takes one event
// at a time, stores what follows from it (domain/call_machine), and then does it.
//
// Control executor only, but for arrived().

#include "base/random.hpp"
#include "calls/call_notes.hpp"
#include "calls/call_operations.hpp"
#include "calls/call_options.hpp"
#include "calls/inbox.hpp"
#include "calls/known_calls.hpp"
#include "ports/alert_sink.hpp"
#include "ports/assistant.hpp"
#include "ports/call_control.hpp"
#include "ports/caller_audio.hpp"
#include "ports/tap_spool.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace earshot::calls {

// What a bridge on this worker is made with.
struct WorkerServices {
  Executor& executor;
  Assistant& assistant;
};

// make_call_bridge of bridge/call_bridge.hpp, or a test's own.
using BridgeFactory = std::function<std::shared_ptr<CallBridge>(
    BridgeServices, const BridgeOptions&, BridgeStart, BridgeObserver&)>;

// Given at construction, outlive the director. The notes are started before it and stopped after
// it.
struct CallServices {
  Executor& control;
  Clock& clock;
  Random& random;
  Log& log;
  Counters& counters;
  CallStore& store;
  CallControls& acs;  // made for the control executor
  AlertSink& alerts;
  TapSpool& tap_spool;
  KnownCalls& known;
  CallNotes& notes;
  std::vector<WorkerServices> workers;
  BridgeFactory make_bridge;
};

class CallDirector : public StoredEventHandler, public MediaArrivals, public CallOperations {
 public:
  CallDirector(CallServices services, CallsOptions options);
  ~CallDirector() override;

  // Takes up what an earlier process left: open calls are asked for, stored events handled. Fails
  // when the database does.
  Task<Result<void>> start();
  // No new calls from now on: whoever rings is rejected as busy, which a caller hears at once,
  // where a call left to ring would leave him waiting for half a minute.
  void drain();
  // Drains, waits for the calls in progress until `deadline`, then hangs them up (or leaves them to
  // the next process, as configured) and ends everything.
  Task<void> stop(SteadyTime deadline);
  // Ends everything at once and leaves the phone calls to another process. Also before start().
  Task<void> abandon();

  std::size_t calls_open() const;

  void handle(std::vector<StoredEvent> events) override;
  Task<void> arrived(ContextId call, std::unique_ptr<CallerAudio> audio, Executor& where) override;

  Task<Result<void>> hang_up(ContextId call) override;
  Task<Result<void>> pause_recording(ContextId call) override;
  Task<Result<void>> resume_recording(ContextId call) override;
  Task<Result<void>> stop_recording(ContextId call) override;
  std::vector<CallDiagnosticsRow> diagnostics() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace earshot::calls
