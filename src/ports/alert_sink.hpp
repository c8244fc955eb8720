#pragma once
// What a person should hear of. Implementations: log and metric (app). Never waits.

#include "domain/ids.hpp"

#include <string>

namespace earshot {

struct Alert {
  std::string
      kind;  // "recording_missing", "recording_start_failed", "recording_stopped_unasked", …
  ContextId call;
  RecordingId recording;
  std::string message;  // a sentence that says what to do; no personal data
};

class AlertSink {
 public:
  virtual ~AlertSink() = default;
  virtual void raise(const Alert& alert) = 0;
};

}  // namespace earshot
