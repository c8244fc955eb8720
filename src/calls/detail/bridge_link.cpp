#include "calls/detail/bridge_link.hpp"

#include "domain/journal_text.hpp"

namespace earshot::calls::detail {

void BridgeLink::post(CallEvent event) {
  control_.post([tell = tell_, event = std::move(event)] { (*tell)(event); });
}

void BridgeLink::assistant_state(bool reachable, const std::string& reason) {
  noted(reachable ? "assistant reachable" : "assistant unreachable",
        journal_detail({{"reason", reason}}));
}

void BridgeLink::wants_recording(bool paused, const std::string& by, const std::string& asker) {
  if (paused)
    post(call_event::PauseWanted{by, asker});
  else
    post(call_event::ResumeWanted{by, asker});
}

void BridgeLink::noted(const std::string& type, const std::string& detail_json) {
  notes_.journal({.call = call_,
                  .at = clock_.wall_now(),
                  .type = type,
                  .detail = detail_json.empty() ? "{}" : detail_json});
}

void BridgeLink::note_counts() {
  if (const int tones = tones_; tones > 0)
    noted("keys pressed", journal_detail({{"tones", std::to_string(tones)}}));
}

}  // namespace earshot::calls::detail
