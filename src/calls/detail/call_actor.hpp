#pragma once
// One call that something is going on with: a mailbox, read by one coroutine. Control executor
// only.

#include "base/invariant.hpp"
#include "base/mailbox.hpp"
#include "calls/call_director.hpp"
#include "calls/detail/bridge_link.hpp"
#include "calls/detail/requests.hpp"
#include "calls/detail/timer_queue.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::calls::detail {

class CallActor;

// What all actors share; owned by the director.
struct ActorShared {
  ActorShared(CallServices services_in, CallsOptions options_in, TimerQueue::Fired fired);

  // Again and again while the database is away, until the service stops. `answer_lost`, if given,
  // becomes true when some try may have been stored although the database did not say so.
  Task<Result<void>> commit_patiently(Changes changes, bool* answer_lost = nullptr);
  // How long to wait before the next try; doubles.
  Duration database_wait(int tries) const;

  // Asks again while the database is away; `ask` starts one try.
  template <class T>
  Task<Result<T>> patiently(std::function<Task<Result<T>>()> ask) {
    for (int tries = 0;; ++tries) {
      auto answer = co_await ask();
      if (answer || !worth_retrying(answer.error()) || stopping) co_return answer;
      co_await services.clock.sleep_for(database_wait(tries));
    }
  }

  CallServices services;
  CallsOptions options;
  TimerQueue timers;
  TaskGroup tasks;
  bool stopping = false;  // waits for the database no longer
  // Called when an actor is done with a stored event, however it ended.
  std::function<void(std::int64_t)> event_done;
  // Called before that, when the event's call is being erased: it stays unhandled, for later.
  std::function<void(std::int64_t)> event_kept;
  // Called when an actor takes no more letters; it may die in this.
  std::function<void(const CallActor&)> actor_done;

  Gauge& calls_active;
  Gauge& recordings_active;
  Counter& calls_connected;
  Counter& calls_not_answered;
  Counter& calls_rejected;
  Counter& recording_starts;
  Counter& media_restarts;
  Counter& conflicts;
};

// Something for the call to take in.
struct Letter {
  std::optional<CallEvent> event;
  std::int64_t stored_number = 0;  // of the StoredEvent; 0 = none
  std::string journal_type;        // with a stored event
  std::string journal_detail;
  std::vector<FileLocation> files;  // that the event tells of
  std::function<void()> taken;      // when it was dealt with, whatever came of it
  // A wish to pause: when privacy began for it, before it was stored.
  std::optional<WallTime> hastened_at;
  RecordingId paused_early;  // that ACS was asked to pause then
};

struct MediaArrival {
  std::unique_ptr<CallerAudio> audio;
  Executor* where = nullptr;
  std::move_only_function<void()> done;  // runs on `where`
};
// Ends a socket that no call needs.
void refuse(MediaArrival arrival);

class CallActor : public std::enable_shared_from_this<CallActor> {
 public:
  CallActor(ActorShared& shared, CallState state);
  ~CallActor();

  const CallState& state() const { return state_; }
  // May the answer still need the incoming call context?
  bool wants_ring() const {
    return ring_event_ == 0 && !state_.closed() && !state_.call.answered_at;
  }
  // Stored with the call's first commit.
  void set_personal(CallPersonal personal) { personal_ = std::move(personal); }
  // The IncomingCall stays unhandled, with its context, until the call is answered or given up.
  void remember_ring(std::int64_t event_number, Secret incoming_call_context);
  // False: the mailbox is full; the letter is not taken.
  bool post(Letter letter);
  void media_arrived(MediaArrival arrival);
  // At the end of the process: ends the bridge, takes no more letters.
  void shut();
  // Until nothing is going on with the call any more.
  Task<void> run();

 private:
  void hasten(Letter& letter);
  void haste_over();
  Task<void> process(Letter letter);
  Changes changes_of(Transition& transition, const Letter& letter);
  void add_actions(Changes& changes, Transition& transition);
  void add_ring(Changes& changes, const CallState& next);
  void add_files(Changes& changes, const std::vector<FileLocation>& files);
  void add_search(Changes& changes, const CallState& next, const RecordingId& id);
  Task<void> give_up_letter(Letter letter, Error error);
  Task<bool> is_stored(Call wanted, bool stores_call);
  Task<bool> reload();
  void become(CallState next, bool stored);
  void perform_all(std::vector<CallAction> actions);
  void do_now(const call_action::Answer& action);
  void do_now(const call_action::Reject& action);
  void do_now(const call_action::StartRecording& action);
  void do_now(const call_action::StopRecording& action);
  void do_now(const call_action::PauseRecording& action);
  void do_now(const call_action::ResumeRecording& action);
  void do_now(const call_action::PollRecording& action);
  void do_now(const call_action::PollCall& action);
  void do_now(const call_action::StartMediaStreaming& action);
  void do_now(const call_action::HangUp& action);
  void do_now(const call_action::EndBridge& action);
  void do_now(const call_action::SetGate& action);
  void do_now(const call_action::SetPrivate& action);
  void do_now(const call_action::AnswerAsker& action);
  void do_now(const call_action::ArmTimer& action);
  void do_now(const call_action::CancelTimer& action);
  void do_now(const call_action::RaiseAlert& action);
  void do_now(const call_action::Warn& action);
  void do_now(const call_action::NoteAbsentRecording& action);
  // Part of the commit.
  void do_now(const call_action::QueueDiscovery&) {}
  void do_now(const call_action::OpenPause&) {}
  void do_now(const call_action::ClosePause&) {}
  void do_now(const call_action::Journal&) {}

  // Exactly one outcome comes of each request.
  void request(Task<CallEvent> work, CallEvent if_it_throws);
  static Task<void> run_request(std::shared_ptr<CallActor> self, Task<CallEvent> work,
                                CallEvent if_it_throws);

  void place_media();
  static Task<void> make_bridge(std::shared_ptr<CallActor> self);
  void bridge_made(std::shared_ptr<CallBridge> bridge);
  void bridge_ended();
  void end_bridge(const std::string& reason);

  void nudge() { post(Letter{}); }
  bool finished() const;

  ActorShared& shared_;
  Requests requests_;  // to the ACS resource that the call came in on
  CallState state_;
  std::optional<CallPersonal> personal_;
  std::int64_t ring_event_ = 0;
  Secret incoming_call_context_;
  Mailbox<Letter> mailbox_;
  bool dead_ = false;                  // the call is another process's, or the process ends
  const CallState* coming_ = nullptr;  // that is being stored
  int hastened_ = 0;                   // wishes to pause that are not stored yet
  int requests_in_flight_ = 0;
  bool counted_open_ = false;
  bool counted_recording_ = false;
  std::optional<CallPhase> counted_phase_;

  std::vector<MediaArrival> held_;  // sockets that wait for CallConnected or for the bridge
  std::shared_ptr<BridgeLink> link_;
  std::shared_ptr<CallBridge> bridge_;
  bool making_bridge_ = false;
  bool bridge_running_ = false;
  bool may_have_turns_ = true;  // of a bridge before, in this process or another
};

}  // namespace earshot::calls::detail
