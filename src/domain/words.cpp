#include "domain/words.hpp"

namespace earshot {

std::string_view to_text(CallPhase phase) {
  switch (phase) {
    case CallPhase::ringing:
      return "ringing";
    case CallPhase::answering:
      return "answering";
    case CallPhase::connected:
      return "connected";
    case CallPhase::ended:
      return "ended";
    case CallPhase::not_answered:
      return "not_answered";
  }
  return "unknown";
}

std::string_view to_text(RecordingPhase phase) {
  switch (phase) {
    case RecordingPhase::none:
      return "none";
    case RecordingPhase::starting:
      return "starting";
    case RecordingPhase::active:
      return "active";
    case RecordingPhase::paused:
      return "paused";
    case RecordingPhase::stopping:
      return "stopping";
    case RecordingPhase::stopped:
      return "stopped";
    case RecordingPhase::failed:
      return "failed";
  }
  return "unknown";
}

std::string_view to_text(Discovery discovery) {
  switch (discovery) {
    case Discovery::not_started:
      return "not_started";
    case Discovery::searching:
      return "searching";
    case Discovery::found:
      return "found";
    case Discovery::incomplete:
      return "incomplete";
    case Discovery::missing:
      return "missing";
  }
  return "unknown";
}

}  // namespace earshot
