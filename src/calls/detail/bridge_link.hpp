#pragma once
// What the bridge of one call tells, brought from the bridge's executor to the call's. Outlives the
// bridge; knows the actor only weakly.

#include "base/executor.hpp"
#include "bridge/call_bridge.hpp"
#include "calls/call_notes.hpp"
#include "domain/call_machine.hpp"

#include <atomic>
#include <functional>
#include <string>

namespace earshot::calls::detail {

class BridgeLink : public BridgeObserver {
 public:
  // `tell` runs on the control executor.
  BridgeLink(Executor& control, Clock& clock, CallNotes& notes, ContextId call,
             std::function<void(CallEvent)> tell)
      : control_(control),
        clock_(clock),
        notes_(notes),
        call_(std::move(call)),
        tell_(std::make_shared<std::function<void(CallEvent)>>(std::move(tell))) {}

  void turn_changed(const Turn& turn) override { notes_.turn(turn); }
  // How many, never which: digits may be a card's number.
  void dtmf(const std::string&) override { ++tones_; }
  void caller_audio_lost(const std::string& reason) override {
    post(call_event::MediaLost{reason});
  }
  void caller_audio_back() override { post(call_event::MediaConnected{}); }
  void notice_played(const PlayedNotice& notice) override {
    post(call_event::NoticePlayed{notice});
  }
  void assistant_state(bool reachable, const std::string& reason) override;
  void wants_hang_up(const std::string& reason) override { post(call_event::HangUpWanted{reason}); }
  void wants_recording(bool paused, const std::string& by, const std::string& asker) override;
  void noted(const std::string& type, const std::string& detail_json) override;

  // What was only counted; once the bridge has ended.
  void note_counts();

 private:
  void post(CallEvent event);

  Executor& control_;
  Clock& clock_;
  CallNotes& notes_;
  ContextId call_;
  std::shared_ptr<std::function<void(CallEvent)>> tell_;
  std::atomic<int> tones_ = 0;
};

}  // namespace earshot::calls::detail
