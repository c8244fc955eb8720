#pragma once
// What the bridge of a call decides: when the first words are said, who may speak, what an
// interruption takes back, what each turn was, when a session is opened again or replaced, when an
// idle or unserved call ends. Events and a time go in, actions come out; no I/O, no audio bytes, no
// randomness but the given. One thread.

#include "base/random.hpp"
#include "bridge/assistant_items.hpp"
#include "bridge/bridge_actions.hpp"
#include "bridge/private_time.hpp"
#include "bridge/session_clock.hpp"
#include "bridge/turn_book.hpp"
#include "ports/assistant.hpp"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace earshot::bridge {

struct MachineOptions {
  ContextId call;
  SteadyTime call_zero{};         // zero of the call's clock, on the steady clock
  std::uint32_t rate_hz = 24000;  // of the phone side
  std::string greeting;
  std::string recording_notice;  // "" also when an earlier run has said it
  // The recording waits for the notice instead of the notice for the recording; what follows it
  // waits for the recording.
  bool notice_first = false;
  Duration greeting_wait_max = 3s;
  Duration downlink_estimate = 250ms;
  Duration assistant_lost_max = 5s;
  bool hang_up_when_unreachable = true;
  Duration session_rotate_after = 55min;
  Duration idle_caller_max = 0s;
  std::string idle_caller_prompt;
  bool recording_active = false;
  bool is_private = false;  // from the start
  bool assistant_hears_pauses = false;
  bool pause_functions = false;
  std::vector<Turn> conversation;  // not empty: an earlier run greeted
};

struct SessionFacts {
  std::string session_id;
  int prefix_padding_ms = 0;
  int silence_window_ms = 0;
  std::optional<SteadyTime> expires_at;
};

enum class OpeningPhase {
  waiting,   // for session, socket, and the recording to be active
  notice,    // the recording notice was asked for
  resuming,  // the notice came first and was played: waiting for the recording
  greeting,  // the greeting was asked for
  done,
};

class BridgeMachine {
 public:
  // `random` (for jitter) outlives this.
  BridgeMachine(MachineOptions options, Random& random);

  BridgeActions start(SteadyTime now);
  BridgeActions caller_attached(SteadyTime now);
  BridgeActions caller_lost(SteadyTime now);
  // A frame of the caller's came, silent or not: somebody is there.
  BridgeActions caller_frame(SteadyTime now);
  // The recording notice is asked for, or not heard to its end yet.
  bool notice_under_way() const;
  // The phone side's rate is another than thought: what was being said is over.
  BridgeActions phone_rate_changed(SteadyTime now, std::uint32_t rate_hz);
  // A sign of life that the session does not see: a key pressed.
  void caller_active(SteadyTime now) { last_activity_ = now; }
  BridgeActions recording_active(SteadyTime now, bool active);
  // Nothing of what is said from now on may be kept, or it may again. What was saved because it had
  // been sent, and plays from now on, is taken back.
  BridgeActions set_private(SteadyTime now, bool on);
  bool is_private() const { return private_.is_on(); }
  // Also of times that are past.
  bool is_private_at(Duration call_time) const { return private_.contains(call_time); }
  // What came of SteerRecording.
  BridgeActions function_done(const std::string& call_id, bool done, const std::string& why_not);
  BridgeActions session_opened(SteadyTime now, SessionFacts facts);
  BridgeActions open_failed(SteadyTime now, const Error& error);
  // Everything but audio, for which there is audio_arrived().
  BridgeActions handle(SteadyTime now, const AssistantEvent& event);
  BridgeActions tick(SteadyTime now);
  // The call is over: turns that are open are saved as they are.
  BridgeActions end(SteadyTime now);
  // When tick() has something to do.
  std::optional<SteadyTime> next_wake() const;

  // A delta of audio came. no_item: it is late, or nobody is there to hear it; ignore it.
  ItemNumber audio_arrived(SteadyTime now, std::string_view response_id, std::string_view item_id,
                           BridgeActions& actions);
  // What became of it, in samples.
  std::int64_t generated_of(ItemNumber item);
  void generated(ItemNumber item, std::int64_t samples);
  void lost(ItemNumber item, std::int64_t samples);
  // Sent to the phone side; gives when its first sample plays.
  SteadyTime sent(SteadyTime now, ItemNumber item, std::int64_t first_sample, std::int64_t samples);
  // All of a local item (PlayApology) was generated.
  void generated_all(ItemNumber item);
  // After sending: some item has left in full.
  bool has_complete_item() const { return has_complete_item_; }
  BridgeActions save_complete_items();
  // Caller audio was appended to the session.
  void appended(Duration call_time, Duration length) { session_clock_.appended(call_time, length); }

  const PlayOutQueue& play_out() const { return play_out_; }
  OpeningPhase opening() const { return opening_; }
  bool has_session() const { return session_.has_value(); }
  bool opens_session() const { return opening_session_; }
  Duration call_time(SteadyTime time) const;
  std::uint64_t interruptions() const { return interruptions_; }

  static constexpr int notice_attempts_max = 3;
  // Where nothing may be said without it, it is tried again and again.
  static constexpr Duration notice_spacing = 5s;
  static constexpr std::size_t wanted_max = 8;
  static constexpr std::size_t ignored_responses_max = 32;
  static constexpr std::size_t functions_pending_max = 16;
  static constexpr Duration function_timeout = 15s;  // without ACS's word
  static constexpr Duration ask_timeout = 10s;       // no response to what was asked for
  static constexpr Duration cancel_after = 1s;       // the server did not stop by itself
  static constexpr Duration expiry_margin = 3min;
  static constexpr Duration rotation_forced_after = 2min;  // of waiting for a quiet moment
  static constexpr Duration rotation_retry = 30s;
  static constexpr Duration apology_time_max = 20s;
  // The way to the ear may be longer than its estimate: the last word is worth half a second.
  static constexpr Duration apology_grace = 500ms;
  // Before the assistant is given up; time enough to open a session.
  static constexpr Duration last_try_before = 1s;

 private:
  struct Wanted {
    SpeechKind kind = SpeechKind::reply;
    std::string text;  // verbatim; for `resume` and `reply`: instructions
  };
  struct Asked {
    Wanted what;
    SteadyTime at{};
    std::string request;  // the service may echo it
    // A response of the service's own runs: the next one to start is not the answer to this.
    bool is_overtaken = false;
  };
  struct Response {
    std::string id;
    Wanted cause;
    std::string request;      // "": the service began it by itself
    bool is_certain = false;  // that it answers `request`, which may be guessed from the order
    bool interrupted = false;
    bool cancel_sent = false;
    SteadyTime interrupted_at{};
  };
  struct Session {
    SessionFacts facts;
    SteadyTime rotate_at{};
  };
  struct PendingFunction {
    std::string call_id;
    bool pauses = false;
    SteadyTime give_up_at{};
  };
  enum class Interruption { speech, no_listener };

  // bridge_machine.cpp: events of a session
  void on(SteadyTime now, const SpeechStarted& event, BridgeActions& actions);
  void on(SteadyTime now, const SpeechStopped& event, BridgeActions& actions);
  void on(SteadyTime now, const ResponseStarted& event, BridgeActions& actions);
  void on(SteadyTime now, const RequestOvertaken& event, BridgeActions& actions);
  void on(SteadyTime now, const AssistantAudio& event, BridgeActions& actions);
  void on(SteadyTime now, const AssistantAudioDone& event, BridgeActions& actions);
  void on(SteadyTime now, const AssistantTextDelta& event, BridgeActions& actions);
  void on(SteadyTime now, const AssistantTextDone& event, BridgeActions& actions);
  void on(SteadyTime now, const AssistantWord& event, BridgeActions& actions);
  void on(SteadyTime now, const ResponseEnded& event, BridgeActions& actions);
  void on(SteadyTime now, const ItemTruncated& event, BridgeActions& actions);
  void on(SteadyTime now, const CallerTranscript& event, BridgeActions& actions);
  void on(SteadyTime now, const CallerTranscriptFailed& event, BridgeActions& actions);
  void on(SteadyTime now, const FunctionCall& event, BridgeActions& actions);
  void on(SteadyTime now, const AssistantComplaint& event, BridgeActions& actions);
  void on(SteadyTime now, const SessionEnded& event, BridgeActions& actions);
  AssistantItem* item_for(std::string_view response_id, std::string_view item_id);
  bool is_ignored(std::string_view response_id) const;
  void ignore_response(std::string_view response_id);
  std::vector<TurnWord> caller_words(const CallerTranscript& event) const;

  // bridge_machine_speech.cpp: first words, asking, interrupting, turns of the assistant
  void advance_opening(SteadyTime now, BridgeActions& actions);
  void tick_functions(SteadyTime now, BridgeActions& actions);
  bool notice_may_begin(SteadyTime now, BridgeActions& actions);
  std::optional<SteadyTime> opening_wake() const;
  void notice_played(SteadyTime now, BridgeActions& actions);
  TellNoticePlayed played_notice() const;
  void forget_notice();
  bool asks_for_notice() const;
  void after_notice(SteadyTime now, BridgeActions& actions);
  void finish_opening(SteadyTime now, BridgeActions& actions);
  void tick_asked(SteadyTime now, BridgeActions& actions);
  void tick_notice(SteadyTime now, BridgeActions& actions);
  bool holds_replies() const;
  std::optional<SteadyTime> notice_end() const;
  void want(Wanted what, BridgeActions& actions, SteadyTime now);
  void want_resume(SteadyTime now, BridgeActions& actions);
  void speak_next(SteadyTime now, BridgeActions& actions);
  bool answers_asked(const ResponseStarted& event) const;
  void disown_response(SteadyTime now, BridgeActions& actions);
  void check_notice(SteadyTime now, BridgeActions& actions);
  bool says_its_text(const Response& response) const;
  void opening_response_ended(SteadyTime now, const Response& response, ResponseStatus status,
                              BridgeActions& actions);
  void interrupt(SteadyTime now, Interruption why, BridgeActions& actions);
  void drop_behind_notice(SteadyTime now, ItemNumber notice, BridgeActions& actions);
  AssistantItem* playing_notice(SteadyTime now);
  std::optional<TurnCut> cut_of(const AssistantItem& item, SteadyTime stop) const;
  void cut_item(SteadyTime now, AssistantItem& item, std::int64_t heard_samples,
                BridgeActions& actions, std::optional<TurnCut> cut = {});
  void mute_response(SteadyTime now, bool cancel, BridgeActions& actions);
  void save_complete_items(BridgeActions& actions);
  void save_item(AssistantItem& item, BridgeActions& actions);
  void save_turn(const AssistantItem& item, Turn turn, BridgeActions& actions) const;
  void retract_unheard(SteadyTime now, BridgeActions& actions);
  void save_caller_turn(Turn turn, BridgeActions& actions) const;
  Turn turn_of(const AssistantItem& item) const;
  std::vector<TurnWord> words_of(const AssistantItem& item, std::size_t count) const;

  // bridge_machine_session.cpp: opening, losing, replacing sessions; idle callers
  void request_session(SteadyTime now, BridgeActions& actions);
  void adopt(SteadyTime now, SessionFacts facts, BridgeActions& actions);
  void lose_session(SteadyTime now, bool may_retry, const std::string& reason,
                    BridgeActions& actions);
  void take_back_asked();
  void schedule_retry(SteadyTime now, Duration at_least);
  void give_up(SteadyTime now, const std::string& reason, BridgeActions& actions);
  void tick_session(SteadyTime now, BridgeActions& actions);
  void tick_apology(SteadyTime now, BridgeActions& actions);
  void tick_idle(SteadyTime now, BridgeActions& actions);
  bool is_quiet(SteadyTime now) const;
  bool is_leaving() const;
  SteadyTime idle_since() const;
  bool watches_idle() const;
  void hang_up(const std::string& reason, BridgeActions& actions);
  std::int64_t to_ms(std::int64_t samples) const { return samples * 1000 / options_.rate_hz; }

  MachineOptions options_;
  Random& random_;
  PlayOutQueue play_out_;
  AssistantItems items_;
  TurnBook book_;
  SessionClock session_clock_;
  PrivateTime private_;

  // The caller.
  bool caller_present_ = false;
  bool caller_speaking_ = false;
  SteadyTime last_activity_{};
  SteadyTime counted_play_end_{};  // of what the assistant said, idle prompts not counted
  bool idle_prompted_ = false;

  // The first words.
  OpeningPhase opening_ = OpeningPhase::waiting;
  bool is_resumed_ = false;
  bool recording_is_active_ = false;
  std::optional<SteadyTime> gate_deadline_;
  int notice_attempts_ = 0;
  SteadyTime notice_asked_at_{};
  std::string notice_response_;    // that was generated to its end
  bool greeting_is_moot_ = false;  // the assistant has spoken to the caller already
  bool reply_was_held_ = false;    // one that came before the first words
  bool notice_is_complete_ = false;
  bool notice_said_noted_ = false;
  bool notice_waits_for_frame_ = false;  // it is over, if anybody was there
  SteadyTime last_frame_{};

  // Responses.
  std::deque<Wanted> wanted_;
  std::optional<Asked> asked_;
  std::uint64_t requests_ = 0;
  std::optional<Response> in_flight_;
  std::deque<std::string> ignored_responses_;
  std::vector<PendingFunction> functions_;  // not answered yet
  std::uint64_t interruptions_ = 0;
  bool has_complete_item_ = false;

  // Sessions.
  std::optional<Session> session_;
  bool opening_session_ = false;
  int conversation_version_ = 0;  // that the session being opened was given
  std::optional<SteadyTime> retry_at_;
  std::optional<SteadyTime> rotation_retry_at_;
  std::optional<SteadyTime> lost_since_;
  int attempts_ = 0;
  bool reply_was_lost_ = false;
  bool was_unreachable_ = false;
  ItemNumber apology_ = no_item;
  std::optional<SteadyTime> apology_deadline_;
  bool hanging_up_ = false;
};

}  // namespace earshot::bridge
