#pragma once
// What an operator may do to a call that is going on. Implementation: call_director. Control
// executor only.

#include "base/task.hpp"
#include "domain/ids.hpp"

#include <string>
#include <vector>

namespace earshot::calls {

// The report's four maps, a row a call: active_recordings, recording_states, context_correlations,
// context_server_call_ids.
struct CallDiagnosticsRow {
  ContextId context;
  CorrelationId correlation;
  ServerCallId server_call;
  RecordingId active_recording;  // empty: none
  std::string recording_state;   // "none", "starting", "active", "paused", "stopping", …
};

class CallOperations {
 public:
  virtual ~CallOperations() = default;
  // Each returns when the wish is stored; what ACS makes of it follows and is in the journal.
  // `not_found`: no such call. `conflict`: the call is over, or its recording is not in a state
  // that the wish fits.
  virtual Task<Result<void>> hang_up(ContextId call) = 0;
  virtual Task<Result<void>> pause_recording(ContextId call) = 0;
  virtual Task<Result<void>> resume_recording(ContextId call) = 0;
  virtual Task<Result<void>> stop_recording(ContextId call) = 0;
  // The calls that this process has in hand.
  virtual std::vector<CallDiagnosticsRow> diagnostics() const = 0;
};

}  // namespace earshot::calls
