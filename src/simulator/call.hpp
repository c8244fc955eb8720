#pragma once
// One simulated call, from ringing to the last file of its recordings. REST requests reach it
// through its members; run() is its life. Everything on the simulator's one thread.

#include "base/mailbox.hpp"
#include "base/task_group.hpp"
#include "simulator/acs_options.hpp"
#include "simulator/call_plan.hpp"
#include "simulator/call_report.hpp"
#include "simulator/caller.hpp"
#include "simulator/echo_path.hpp"
#include "simulator/event_delivery.hpp"
#include "simulator/media_client.hpp"
#include "simulator/phone_line.hpp"
#include "simulator/recording_session.hpp"
#include "simulator/rest_messages.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::simulator {

enum class CallPhase { ringing, connecting, connected, ended };

// Shared by all calls; all outlive them.
struct CallShop {
  SimulatorServices services;
  const AcsOptions& options;
  Identity& identity;
  Faults& faults;
  EventDelivery& delivery;
  RecordingShop recordings;
};

class Call {
 public:
  Call(CallShop shop, CallPlan plan, ProgressSink progress);

  // Rings at the application until it answers; then talks; then winds up.
  Task<void> run_inbound();
  // A call that the application has created: the callee answers after a while. prepare_outbound()
  // first; it gives the call's properties.
  Result<std::string> prepare_outbound(CreateCallRequest request);
  Task<void> run_outbound();

  // --- what REST asks. Failures carry ACS's status and code.
  Task<Result<std::string>> answer(AnswerRequest request);  // the call's properties
  Result<void> reject(const std::string& reason);
  // To a number of this resource: it rings there, with another incoming call context. To any other
  // target: it is over for this resource.
  Result<void> redirect(const std::string& target_raw_id);
  void hang_up();
  Result<std::string> properties() const;
  Result<std::vector<std::string>> participants() const;
  Result<void> start_media(OperationRequest request);
  Result<void> stop_media(OperationRequest request);
  // The state document of the new recording.
  Task<Result<std::string>> start_recording(StartRecordingRequest request);
  std::shared_ptr<RecordingSession> find_recording(const std::string& recording_id);
  void pause_recording(RecordingSession& recording);
  void resume_recording(RecordingSession& recording);
  // At once, or after a delay of the fault recording.stop.
  void stop_recording(const std::shared_ptr<RecordingSession>& recording);

  // --- what anybody may know
  CallPhase phase() const { return phase_; }
  const CallIds& ids() const { return ids_; }
  const std::string& incoming_call_context() const { return incoming_call_context_; }
  const CallReport& report() const { return report_; }
  // Where the application wants its events, and its audio once it has answered. They hold secrets.
  const std::string& callback_uri() const { return callback_uri_; }
  const std::optional<MediaStreamingOptions>& media_options() const { return media_options_; }
  // Can it still be asked for?
  bool is_readable() const;

 private:
  struct Outgoing {
    std::string url;
    std::vector<CallbackEvent> events;
  };

  // call.cpp: life
  Task<void> announce();
  Task<bool> wait_for_answer();
  void ring_at(const std::string& raw_id);
  Task<void> live();
  Task<void> connect();
  Task<void> converse();
  Task<void> wind_up();
  void end(std::string reason, ResultInfo result);
  Task<void> post_events();
  void post(std::string url, std::vector<CallbackEvent> events);
  EventContext context() const;
  void progress(std::string kind, std::string text);
  Duration since_connected() const;

  // call_talk.cpp: the audio
  void tick(Duration until);
  void send_frame(const CallerFrame& frame, Duration start);
  void send_or_hold(std::string message, Duration start);
  void do_troubles(Duration until);
  void notice_assistant(std::span<const std::int16_t> played);
  void receive(InboundMessage message);
  void end_when_due(Duration until);
  Task<void> stream_media(bool asked);
  void media_event_out(std::string type, std::string details, ResultInfo result);
  Task<void> run_recording_start(std::shared_ptr<RecordingSession> recording);
  Task<void> stop_recording_later(std::shared_ptr<RecordingSession> recording, Duration delay);
  void recording_stopped(RecordingSession& recording);
  void recording_event(const RecordingSession& recording, std::string state);

  // Given at construction.
  CallShop shop_;
  CallPlan plan_;
  ProgressSink progress_;
  CallIds ids_;
  std::string call_id_;
  std::string incoming_call_context_;
  std::string caller_raw_id_;
  std::string called_raw_id_;
  std::string bot_raw_id_;
  std::string subscription_id_;
  std::string event_grid_url_;
  bool inbound_ = true;

  CallPhase phase_ = CallPhase::ringing;
  std::string callback_uri_;
  std::optional<std::string> operation_context_;
  std::optional<MediaStreamingOptions> media_options_;
  SteadyTime placed_at_{};
  SteadyTime rang_at_{};  // the last time, after a redirect
  SteadyTime connected_at_{};
  ResultInfo end_result_;
  std::unique_ptr<Signal> changed_;
  Mailbox<Outgoing> outbox_;
  int sequence_number_ = 0;

  std::unique_ptr<PhoneLine> line_;
  std::unique_ptr<Caller> caller_;
  std::unique_ptr<EchoPath> echo_;
  std::unique_ptr<MediaClient> media_;
  bool media_wanted_ = false;
  bool media_running_ = false;
  std::optional<std::string> media_operation_context_;
  std::string media_callback_uri_;
  Duration next_frame_start_{};    // of the first frame that the recordings have not heard
  std::vector<std::string> held_;  // frames that a stall holds up
  std::size_t next_dtmf_ = 0;
  std::vector<bool> trouble_done_;
  std::size_t next_recording_stop_ = 0;
  Duration assistant_quiet_ = 1s;
  std::vector<std::shared_ptr<RecordingSession>> recordings_;

  CallReport report_;
  TaskGroup tasks_;
  TaskGroup media_tasks_;
  TaskGroup outbox_task_;
};

}  // namespace earshot::simulator
