#include "bridge/call_bridge.hpp"

#include "bridge/detail/call_bridge_impl.hpp"
#include "bridge/detail/note_json.hpp"
#include "bridge/detail/remote_caller.hpp"

#include <algorithm>
#include <utility>

namespace earshot::bridge {

namespace {

// The wall clock is read once: a later step of it must not move the call's clock.
SteadyTime call_zero_on_steady_clock(const Clock& clock, WallTime connected_at) {
  const SteadyTime now = clock.steady_now();
  return now - std::max<Duration>(Duration{0}, clock.wall_now() - connected_at);
}

MachineOptions machine_options(const BridgeOptions& options, const BridgeStart& start,
                               SteadyTime call_zero) {
  return {.call = start.call,
          .call_zero = call_zero,
          .rate_hz = start.assistant_rate_hz,
          .greeting = options.greeting,
          .recording_notice = start.say_notice ? options.recording_notice : "",
          .notice_first = start.say_notice && start.notice_first,
          .greeting_wait_max = options.greeting_wait_max,
          .downlink_estimate = options.downlink_estimate,
          .assistant_lost_max = options.assistant_lost_max,
          .hang_up_when_unreachable = options.hang_up_when_unreachable,
          .session_rotate_after = options.session_rotate_after,
          .idle_caller_max = options.idle_caller_max,
          .idle_caller_prompt = options.idle_caller_prompt,
          .recording_active = start.recording_active,
          .is_private = start.is_private,
          .assistant_hears_pauses = options.assistant_hears_pauses,
          .pause_functions = options.pause_functions,
          .conversation = start.conversation};
}

std::vector<AssistantFunction> pause_functions() {
  const std::string no_parameters = R"({"type":"object","properties":{}})";
  return {{.name = "pause_recording",
           .description = "Pauses the recording of this call. Use it before the caller gives a "
                          "card's number or the like, and go on when it has returned "
                          "successfully.",
           .parameters_json = no_parameters},
          {.name = "resume_recording",
           .description = "Lets the paused recording of this call go on.",
           .parameters_json = no_parameters}};
}

}  // namespace

CallBridgeImpl::CallBridgeImpl(BridgeServices services, const BridgeOptions& options,
                               BridgeStart start, BridgeObserver& observer)
    : services_(services),
      options_(options),
      start_(std::move(start)),
      observer_(observer),
      call_zero_(call_zero_on_steady_clock(services_.clock, start_.connected_at)),
      run_start_(std::chrono::duration_cast<Duration>(services_.clock.steady_now() - call_zero_)),
      rate_hz_(start_.assistant_rate_hz),
      metrics_(services_.counters),
      machine_(machine_options(options_, start_, call_zero_), services_.random),
      pacer_({.rate_hz = rate_hz_, .lead = options_.play_out_lead}),
      caller_clock_(rate_hz_),
      early_(options_.early_audio_max),
      pause_keys_(options_.pause_keys),
      resume_keys_(options_.resume_keys),
      tasks_(services_.executor, services_.clock, services_.log, "bridge"),
      timer_(services_.clock.make_signal()),
      ending_(services_.clock.make_signal()) {}

// ---- called from anywhere

void CallBridgeImpl::attach(std::unique_ptr<CallerAudio> audio, Executor& where,
                            std::move_only_function<void()> done) {
  std::unique_ptr<CallerAudio> here = std::move(audio);
  if (&where != &services_.executor)
    here = make_remote_caller(std::move(here), where, services_.executor, services_.clock,
                              metrics_.handover_dropped);
  auto link = std::make_shared<CallerLink>(std::move(here), where, std::move(done));
  services_.executor.post([self = shared_from_this(), link = std::move(link)]() mutable {
    self->take_socket(std::move(link));
  });
}

void CallBridgeImpl::recording_active(bool active) {
  services_.executor.post([self = shared_from_this(), active] {
    const SteadyTime now = self->services_.clock.steady_now();
    self->perform(self->machine_.recording_active(now, active), now);
    self->rearm_timer();
  });
}

void CallBridgeImpl::set_private(bool on) {
  services_.executor.post([self = shared_from_this(), on] {
    const SteadyTime now = self->services_.clock.steady_now();
    const BridgeActions actions = self->machine_.set_private(now, on);
    if (!self->ended_) self->perform(actions, now);
    // What was sent already and plays from now on.
    if (on && self->witness_) self->witness_->silence_from(self->position_of(now));
    self->rearm_timer();
  });
}

void CallBridgeImpl::recording_steered(std::string asker, bool done, std::string why_not) {
  services_.executor.post(
      [self = shared_from_this(), asker = std::move(asker), done, why_not = std::move(why_not)] {
        if (self->ended_) return;
        self->perform(self->machine_.function_done(asker, done, why_not),
                      self->services_.clock.steady_now());
      });
}

void CallBridgeImpl::end(std::string reason) {
  services_.executor.post(
      [self = shared_from_this(), reason = std::move(reason)] { self->finish(reason); });
}

// ---- life

Task<void> CallBridgeImpl::run() {
  const auto self = shared_from_this();
  if (!ended_) {
    started_ = true;
    const SteadyTime now = services_.clock.steady_now();
    housekeeping_at_ = now + housekeeping_period;
    perform(machine_.start(now), now);
    tasks_.spawn(run_timer());
  }
  while (!ended_) co_await ending_->wait();
  if (const auto session = session_) co_await session->close();
  session_.reset();
  if (const auto caller = caller_) co_await caller->audio().close();
  caller_.reset();
  co_await tasks_.join();
}

void CallBridgeImpl::finish(const std::string& reason) {
  if (ended_) return;
  ended_ = true;
  const SteadyTime now = services_.clock.steady_now();
  perform(machine_.end(now), now);
  if (!witness_) start_witness(rate_hz_);
  stop_witness(now);
  metrics_.flush(tally_);
  services_.log.info("bridge ended", {{"call", start_.call.text}, {"reason", reason}});
  ending_->notify();
  timer_->notify();
}

void CallBridgeImpl::start_witness(std::uint32_t rate_hz) {
  tap_run_ = services_.spool.start_run(start_.call);
  witness_.emplace(*tap_run_, WitnessOptions{.rate_hz = rate_hz,
                                             .tap = options_.tap,
                                             .call_time_zero = start_.connected_at,
                                             .run_start = run_start_,
                                             .wall_at_start = services_.clock.wall_now()});
  run_start_ = Duration{0};
}

void CallBridgeImpl::stop_witness(SteadyTime now) {
  if (!witness_) return;
  witness_->finish(position_of(now));
  metrics_.count_spool_refusals(witness_->appends_refused(), spool_refusals_seen_);
  spool_refusals_seen_ = 0;
  witness_.reset();
  tap_run_->finish();
  tap_run_.reset();
}

// A socket of another rate than the one before is a new run of ledger and tap.
void CallBridgeImpl::set_rate(SteadyTime now, std::uint32_t rate_hz) {
  if (rate_hz == rate_hz_ && witness_) return;
  if (witness_) {
    stop_witness(now);
    run_start_ = machine_.call_time(now);
  }
  if (rate_hz != rate_hz_) {
    perform(machine_.phone_rate_changed(now, rate_hz), now);
    rate_hz_ = rate_hz;
    pacer_ = Pacer({.rate_hz = rate_hz_, .lead = options_.play_out_lead});
    caller_clock_ = CallerClock(rate_hz_);
    while (!early_.empty()) early_.pop();
    set_up_resamplers();
  }
  start_witness(rate_hz_);
}

// ---- the media socket

void CallBridgeImpl::take_socket(std::shared_ptr<CallerLink> link) {
  const AudioFormat format = link->audio().format();
  const bool is_usable = format.sample_rate_hz % 50 == 0 && format.sample_rate_hz >= 8000 &&
                         format.sample_rate_hz <= 48000 && format.channels == 1;
  if (ended_ || !is_usable) {
    if (!is_usable) observer_.noted("media_format_refused", "{}");
    tasks_.spawn(close_caller(std::move(link)));
    return;
  }
  const SteadyTime now = services_.clock.steady_now();
  if (caller_) {
    // Where the old socket ended nobody knows, so neither whether the notice was heard.
    if (machine_.notice_under_way()) perform(machine_.caller_lost(now), now);
    metrics_.sockets_replaced.add();
    observer_.noted("media_socket_replaced", "{}");
    tasks_.spawn(close_caller(std::move(caller_)));
  }
  set_rate(now, format.sample_rate_hz);
  caller_ = link;
  caller_clock_.lose_socket();
  last_frame_at_ = now;
  zero_frame_.assign(std::min(link->audio().frame_bytes() / 2 * 2, frame_bytes_max), 0);
  if (caller_was_there_) witness_->note_event(position_of(now), LedgerSecond::event_socket_back);
  caller_was_there_ = true;
  tasks_.spawn(read_caller(std::move(link)));
  if (std::exchange(caller_told_lost_, false)) observer_.caller_audio_back();
  perform(machine_.caller_attached(now), now);
  rearm_timer();
}

Task<void> CallBridgeImpl::close_caller(std::shared_ptr<CallerLink> link) {
  co_await link->audio().close();
}

Task<void> CallBridgeImpl::read_caller(std::shared_ptr<CallerLink> link) {
  for (;;) {
    const auto message = co_await link->audio().next();
    if (!message) break;
    if (link != caller_ || ended_) continue;  // replaced: read on to its end
    if (const auto* frame = std::get_if<CallerFrame>(&*message)) {
      on_caller_frame(*frame);
    } else if (const auto* tone = std::get_if<CallerDtmf>(&*message)) {
      take_key(tone->tone);
    } else if (++tally_.caller_nonsense; !std::exchange(nonsense_noted_, true)) {
      observer_.noted("media_message_unreadable",
                      note_json("what", std::get<CallerNonsense>(*message).what));
    }
  }
  if (link != caller_ || ended_) co_return;
  caller_.reset();
  lose_caller(services_.clock.steady_now(), link->audio().end_reason());
}

void CallBridgeImpl::take_key(const std::string& tone) {
  const SteadyTime now = services_.clock.steady_now();
  machine_.caller_active(now);
  const bool is_private = machine_.is_private();
  if (!is_private) observer_.dtmf(tone);
  const auto key = key_of(tone);
  if (!key) return;
  const bool pauses = pause_keys_.pressed(now, *key);
  const bool resumes = resume_keys_.pressed(now, *key);
  if (pauses && !is_private) observer_.wants_recording(true, "keys", "");
  if (resumes && is_private) observer_.wants_recording(false, "keys", "");
}

void CallBridgeImpl::lose_caller(SteadyTime now, const std::string& reason) {
  caller_clock_.lose_socket();
  if (std::exchange(caller_told_lost_, true)) return;
  perform(machine_.caller_lost(now), now);
  observer_.caller_audio_lost(reason);
  rearm_timer();
}

// ---- sessions

Task<void> CallBridgeImpl::open_session(std::vector<Turn> conversation) {
  AssistantSessionRequest request{
      .call = start_.call,
      .sample_rate_hz = options_.session_rate_hz != 0 ? options_.session_rate_hz : rate_hz_,
      .conversation = std::move(conversation),
      .functions = {}};
  if (options_.pause_functions) request.functions = pause_functions();
  auto opened = co_await services_.assistant.open(std::move(request));
  const SteadyTime now = services_.clock.steady_now();
  if (!opened) {
    metrics_.sessions_failed.add();
    if (!ended_) perform(machine_.open_failed(now, opened.error()), now);
    rearm_timer();
    co_return;
  }
  metrics_.sessions_opened.add();
  opened_ = std::move(*opened);
  if (ended_) {
    co_await close_session(std::exchange(opened_, nullptr));
    co_return;
  }
  perform(machine_.session_opened(now, facts_of(*opened_)), now);
  rearm_timer();
}

Task<void> CallBridgeImpl::close_session(SessionLink session) { co_await session->close(); }

Task<void> CallBridgeImpl::read_session(SessionLink session) {
  bool has_ended = false;
  while (!has_ended) {
    auto event = co_await session->next();
    has_ended = !event || std::holds_alternative<SessionEnded>(*event);
    if (session != session_ || ended_) {
      if (!event) co_return;
      has_ended = false;  // replaced: read on to its end
      continue;
    }
    if (!event) event = SessionEnded{.may_retry = true, .reason = "the session ended"};
    if (has_ended) session_.reset();
    if (const auto* audio = std::get_if<AssistantAudio>(&*event)) {
      on_assistant_audio(*audio);
      continue;
    }
    if (const auto* done = std::get_if<AssistantAudioDone>(&*event)) flush_to_phone(done->item_id);
    const SteadyTime now = services_.clock.steady_now();
    perform(machine_.handle(now, *event), now);
    rearm_timer();
  }
}

// ---- time

Task<void> CallBridgeImpl::run_timer() {
  while (!ended_) {
    // Never at once again: a wake that changes nothing must not spin.
    armed_ = std::max(next_wake(), ticked_at_ + timer_step_min);
    const Wake woken = co_await timer_->wait_until(armed_);
    if (ended_) co_return;
    const SteadyTime now = services_.clock.steady_now();
    if (woken == Wake::timed_out) {
      const std::chrono::duration<double> lag = now - armed_;
      metrics_.timer_lag_seconds.observe(lag.count());
    }
    ticked_at_ = now;
    pump(now);
    perform(machine_.tick(now), now);
    if (now >= housekeeping_at_) housekeep(now);
  }
}

SteadyTime CallBridgeImpl::next_wake() const {
  SteadyTime wake = housekeeping_at_;
  if (const auto time = machine_.next_wake()) wake = std::min(wake, *time);
  if (const auto time = pacer_.next_wake(machine_.play_out().drained_at()))
    wake = std::min(wake, *time);
  return wake;
}

void CallBridgeImpl::rearm_timer() {
  if (started_ && next_wake() < armed_) timer_->notify();
}

void CallBridgeImpl::housekeep(SteadyTime now) {
  housekeeping_at_ = now + housekeeping_period;
  if (witness_) {
    witness_->advance(position_of(now), caller_ != nullptr && !caller_told_lost_);
    metrics_.count_spool_refusals(witness_->appends_refused(), spool_refusals_seen_);
  }
  metrics_.flush(tally_);
  if (caller_ && !caller_told_lost_ && now - last_frame_at_ >= silent_socket_max)
    lose_caller(now, "the media socket was silent for 30 seconds");
}

}  // namespace earshot::bridge

namespace earshot {

std::shared_ptr<CallBridge> make_call_bridge(BridgeServices services, const BridgeOptions& options,
                                             BridgeStart start, BridgeObserver& observer) {
  return std::make_shared<bridge::CallBridgeImpl>(services, options, std::move(start), observer);
}

}  // namespace earshot
