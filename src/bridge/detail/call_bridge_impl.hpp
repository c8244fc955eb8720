#pragma once
// The coroutines and buffers around the bridge machine. Everything runs on the call's executor; the
// three public members that other threads call post to it.

#include "base/task_group.hpp"
#include "bridge/bridge_machine.hpp"
#include "bridge/call_bridge.hpp"
#include "bridge/caller_clock.hpp"
#include "bridge/detail/bridge_metrics.hpp"
#include "bridge/detail/caller_link.hpp"
#include "bridge/early_audio.hpp"
#include "bridge/key_sequence.hpp"
#include "bridge/pacer.hpp"
#include "bridge/resampler.hpp"
#include "bridge/witness.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>

namespace earshot::bridge {

class CallBridgeImpl : public CallBridge, public std::enable_shared_from_this<CallBridgeImpl> {
 public:
  CallBridgeImpl(BridgeServices services, const BridgeOptions& options, BridgeStart start,
                 BridgeObserver& observer);

  void attach(std::unique_ptr<CallerAudio> audio, Executor& where,
              std::move_only_function<void()> done) override;
  void recording_active(bool active) override;
  void set_private(bool on) override;
  void recording_steered(std::string asker, bool done, std::string why_not) override;
  void end(std::string reason) override;
  Task<void> run() override;

  static constexpr Duration silent_socket_max = 30s;
  static constexpr Duration housekeeping_period = 1s;
  static constexpr Duration timer_step_min = 1ms;
  static constexpr std::size_t frame_bytes_max = 96'000;  // a second at 48 kHz; more is nonsense
  static constexpr unsigned frames_per_latency_sample = 64;

 private:
  // Shared by its reader and the bridge; whoever is last lets it go.
  using SessionLink = std::shared_ptr<AssistantSession>;

  // call_bridge.cpp: life
  void take_socket(std::shared_ptr<CallerLink> link);
  void take_key(const std::string& tone);
  void finish(const std::string& reason);
  Task<void> read_caller(std::shared_ptr<CallerLink> link);
  Task<void> close_caller(std::shared_ptr<CallerLink> link);
  Task<void> open_session(std::vector<Turn> conversation);
  Task<void> read_session(SessionLink session);
  Task<void> close_session(SessionLink session);
  Task<void> run_timer();
  SteadyTime next_wake() const;
  void rearm_timer();
  void housekeep(SteadyTime now);
  void lose_caller(SteadyTime now, const std::string& reason);
  void start_witness(std::uint32_t rate_hz);
  void stop_witness(SteadyTime now);
  void set_rate(SteadyTime now, std::uint32_t rate_hz);

  // call_bridge_audio.cpp: the two ways of the audio
  void on_caller_frame(const CallerFrame& frame);
  std::string_view zeros_as_base64(std::size_t bytes);
  void forward(std::string_view base64, std::span<const std::int16_t> samples, Duration call_time);
  void append(std::string_view base64, std::span<const std::int16_t> samples, Duration call_time);
  void drain_early();
  bool decode_frame(const CallerFrame& frame);
  void on_assistant_audio(const AssistantAudio& audio);
  std::string_view to_phone_rate(const AssistantAudio& audio);
  void flush_to_phone(const std::string& item_id);
  void offer(SteadyTime now, ItemNumber item, std::string_view base64);
  void pump(SteadyTime now);
  void set_up_resamplers();
  void send_piece(SteadyTime now, const PacerPiece& piece);
  std::int64_t position_of(SteadyTime time) const;
  Duration time_of_position(std::int64_t position) const;

  // call_bridge_actions.cpp: what the machine decided
  void perform(const BridgeActions& actions, SteadyTime now);
  void act(SteadyTime now, const StopPlaying& action);
  void act(SteadyTime now, const DropBacklog& action);
  void act(SteadyTime now, const TruncateItem& action);
  void act(SteadyTime now, const CancelResponse& action);
  void act(SteadyTime now, const AskForResponse& action);
  void act(SteadyTime now, const SayText& action);
  void act(SteadyTime now, const ReturnFunctionOutput& action);
  void act(SteadyTime now, const SteerRecording& action);
  void act(SteadyTime now, const SaveTurn& action);
  void act(SteadyTime now, const OpenSession& action);
  void act(SteadyTime now, const AdoptSession& action);
  void act(SteadyTime now, const DiscardSession& action);
  void act(SteadyTime now, const PlayApology& action);
  void act(SteadyTime now, const TellAssistantState& action);
  void act(SteadyTime now, const HangUp& action);
  void act(SteadyTime now, const TellNoticePlayed& action);
  void act(SteadyTime now, const NoteEvent& action);
  void count_request(bool taken);
  SessionFacts facts_of(const AssistantSession& session) const;

  // Given at construction.
  BridgeServices services_;
  BridgeOptions options_;
  BridgeStart start_;
  BridgeObserver& observer_;

  // Constant after construction.
  SteadyTime call_zero_;
  Duration run_start_;  // call time

  // Touched on the executor only.
  std::uint32_t rate_hz_;  // of the phone side
  BridgeMetrics metrics_;
  BridgeTally tally_;
  std::uint64_t spool_refusals_seen_ = 0;
  BridgeMachine machine_;
  Pacer pacer_;
  CallerClock caller_clock_;
  EarlyAudio early_;
  KeySequence pause_keys_;
  KeySequence resume_keys_;
  std::unique_ptr<TapRun> tap_run_;
  std::optional<Witness> witness_;
  std::shared_ptr<CallerLink> caller_;
  SteadyTime last_frame_at_{};
  bool caller_told_lost_ = false;
  bool caller_was_there_ = false;
  bool nonsense_noted_ = false;  // once a call is enough for the journal
  SessionLink session_;
  SessionLink opened_;                     // and not yet adopted or discarded
  std::unique_ptr<Resampler> to_session_;  // when the rates differ
  std::unique_ptr<Resampler> to_phone_;
  ItemNumber to_phone_item_ = no_item;
  std::optional<std::uint8_t> to_phone_carry_;
  bool started_ = false;
  bool ended_ = false;
  TaskGroup tasks_;
  std::unique_ptr<Signal> timer_;
  std::unique_ptr<Signal> ending_;
  SteadyTime armed_{};
  SteadyTime ticked_at_{};
  SteadyTime housekeeping_at_{};
  unsigned frames_to_latency_ = frames_per_latency_sample;

  // Reused, so that a frame does not allocate.
  Bytes decoded_caller_;
  Bytes decoded_assistant_;
  Bytes zero_frame_;
  Bytes zeros_;
  std::string zero_base64_;
  std::vector<std::int16_t> resampled_;
  std::string resampled_base64_;
  std::string to_phone_base64_;
  BridgeActions audio_actions_;
};

}  // namespace earshot::bridge
