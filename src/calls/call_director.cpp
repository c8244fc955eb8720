#include "calls/call_director.hpp"

#include "calls/detail/director_state.hpp"
#include "domain/words.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace earshot::calls {

namespace {

// After the hang-ups of a stop: for ACS's last events and the bridges' last words.
constexpr Duration hang_up_grace = 10s;

Counter& unmatched_counter(Counters& counters, const char* type) {
  return counters.counter("earshot_recording_events_unmatched_total",
                          "Authenticated events of recordings that no call here made",
                          {{"type", type}});
}

}  // namespace

CallDirector::State::State(CallServices services, CallsOptions options)
    : shared(std::move(services), std::move(options),
             [this](const ContextId& call, CallTimer timer) {
               const auto found = actors.find(call);
               if (found != actors.end())
                 found->second->post(Letter{.event = call_event::TimerFired{timer}});
             }),
      log(shared.services.log),
      store(shared.services.store),
      arrived(shared.services.clock.make_signal()),
      actor_gone(shared.services.clock.make_signal()),
      unknown(shared.services.counters.counter("earshot_events_unplaced_total",
                                               "Stored events that belong to no call of ours")),
      kept_events(shared.services.counters.counter(
          "earshot_events_kept_total",
          "Stored events put off because their call is being erased, once for each time")),
      unmatched_files(unmatched_counter(shared.services.counters, "RecordingFileStatusUpdated")),
      unmatched_states(unmatched_counter(shared.services.counters, "RecordingStateChanged")),
      sockets_refused(shared.services.counters.counter("earshot_media_sockets_unneeded_total",
                                                       "Media sockets that no open call wanted")) {
  shared.event_done = [this](std::int64_t number) {
    in_hand.erase(number);
    if (missed) arrived->notify();
  };
  shared.event_kept = [this](std::int64_t number) {
    keep(number);
    arrived->notify();
  };
  shared.actor_done = [this](const CallActor& actor) {
    const auto& call = actor.state().call;
    const auto found = actors.find(call.id);
    if (found == actors.end() || found->second.get() != &actor) return;
    if (const auto ring = rings.find(call.ring_key); ring != rings.end() && ring->second == call.id)
      rings.erase(ring);
    actors.erase(found);
    actor_gone->notify();
  };
}

// Calls in hand.

ActorPtr CallDirector::State::add_actor(CallState call) {
  const auto id = call.call.id;
  shared.services.known.remember(call.call);
  if (!call.closed()) rings[call.call.ring_key] = id;
  auto actor = std::make_shared<CallActor>(shared, std::move(call));
  actors[id] = actor;
  shared.tasks.spawn(run_actor(actor));
  return actor;
}

Task<void> CallDirector::State::run_actor(ActorPtr actor) { co_await actor->run(); }

Task<Result<ActorPtr>> CallDirector::State::find_actor(ContextId id) {
  if (const auto found = actors.find(id); found != actors.end()) co_return found->second;
  auto call = co_await shared.patiently<Call>([&] { return store.load_call(id); });
  if (!call) co_return Failure(call.error());
  co_return co_await load_actor(std::move(*call));
}

Task<Result<ActorPtr>> CallDirector::State::load_actor(Call call) {
  const auto id = call.id;
  auto recordings =
      co_await shared.patiently<std::vector<Recording>>([&] { return store.recordings_of(id); });
  if (!recordings) co_return Failure(recordings.error());
  CallState state{.call = std::move(call), .recordings = std::move(*recordings)};
  state.is_private = state.call.is_private;  // for the bridge that is made next
  if (!state.call.recording_id.empty()) {
    auto pauses = co_await shared.patiently<std::vector<RecordingPause>>(
        [&] { return store.pauses_of(state.call.recording_id); });
    if (!pauses) co_return Failure(pauses.error());
    for (const auto& pause : *pauses)
      if (!pause.to) state.paused_since = pause.from;
  }
  // Somebody else may have loaded it meanwhile.
  if (const auto found = actors.find(id); found != actors.end()) co_return found->second;
  co_return add_actor(std::move(state));
}

std::size_t CallDirector::State::calls_open() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      actors, [](const auto& entry) { return !entry.second->state().closed(); }));
}

void CallDirector::State::recover(const ContextId& id) {
  const auto found = actors.find(id);
  if (found != actors.end()) found->second->post(Letter{.event = call_event::RestartRecovery{}});
}

// Media sockets.

void CallDirector::State::media(ContextId id, MediaArrival arrival) {
  if (shared.stopping) return refuse(std::move(arrival));
  if (const auto found = actors.find(id); found != actors.end())
    return found->second->media_arrived(std::move(arrival));
  shared.tasks.spawn(find_and_attach(std::move(id), std::move(arrival)));
}

Task<void> CallDirector::State::find_and_attach(ContextId id, MediaArrival arrival) {
  auto actor = co_await find_actor(id);
  if (actor && !(*actor)->state().closed()) co_return (*actor)->media_arrived(std::move(arrival));
  sockets_refused.add();
  log.info("media socket of no open call refused", {{"call", id.text}});
  refuse(std::move(arrival));
}

// The operator.

Task<Result<void>> CallDirector::State::wish(ContextId id, CallEvent event,
                                             bool (*fits)(const CallState&)) {
  auto actor = co_await find_actor(id);
  if (!actor) co_return Failure(actor.error());
  const auto& state = (*actor)->state();
  if (state.closed()) co_return fail(ErrorKind::conflict, "the call is over");
  if (!fits(state))
    co_return fail(ErrorKind::conflict, "the call is not in a state that this fits");
  std::shared_ptr<Signal> taken = shared.services.clock.make_signal();
  Letter letter{.event = std::move(event)};
  letter.taken = [taken] { taken->notify(); };
  if (!(*actor)->post(std::move(letter)))
    co_return fail(ErrorKind::unavailable, "the call is busy; try again");
  co_await taken->wait();
  if (!state.closed() && fits(state))
    co_return fail(ErrorKind::unavailable, "the wish could not be stored; try again");
  co_return ok();
}

// The director.

CallDirector::CallDirector(CallServices services, CallsOptions options)
    : state_(std::make_unique<State>(std::move(services), std::move(options))) {}

CallDirector::~CallDirector() = default;

Task<Result<void>> CallDirector::start() {
  auto& state = *state_;
  auto open = co_await state.store.open_calls();
  if (!open) co_return Failure(open.error());
  std::vector<State::Waiting> recoveries;
  for (auto& call : *open) {
    const auto id = call.id;
    state.check_resource(call);
    auto actor = co_await state.load_actor(std::move(call));
    if (!actor) co_return Failure(actor.error());
    recoveries.push_back({.stored = {}, .recover = id});
  }
  // What was told and not yet handled first: it may answer what recovery would ask.
  const auto limit = static_cast<int>(state.shared.options.events_waiting_max);
  auto events = co_await state.store.unhandled_events(limit);
  if (!events) co_return Failure(events.error());
  // Rings and callbacks may have come in already.
  state.missed = state.missed || events->size() == static_cast<std::size_t>(limit);
  if (!recoveries.empty() || !events->empty())
    state.log.info("taking up what an earlier process left",
                   {{"calls", recoveries.size()}, {"events", events->size()}});
  state.enqueue(std::move(*events));
  for (auto& recovery : recoveries) state.waiting.push_back(std::move(recovery));
  state.shared.tasks.spawn(state.shared.timers.run());
  state.shared.tasks.spawn(state.take_in());
  co_return ok();
}

void CallDirector::drain() { state_->draining = true; }

Task<void> CallDirector::State::wait_while_calls(SteadyTime deadline, std::function<bool()> any) {
  while (any() && shared.services.clock.steady_now() < deadline)
    static_cast<void>(co_await actor_gone->wait_until(deadline));
}

Task<void> CallDirector::stop(SteadyTime deadline) {
  auto& state = *state_;
  auto& clock = state.shared.services.clock;
  drain();
  co_await state.wait_while_calls(deadline, [&] { return !state.actors.empty(); });
  if (state.calls_open() > 0 && state.shared.options.hang_up_at_stop) {
    for (const auto& [id, actor] : state.actors)
      actor->post(Letter{.event = call_event::HangUpWanted{"the service is stopping"}});
    const auto last = clock.steady_now() + hang_up_grace;
    co_await state.wait_while_calls(last, [&] { return !state.actors.empty(); });
  }
  co_await abandon();
}

Task<void> CallDirector::abandon() {
  auto& state = *state_;
  state.draining = true;
  state.shared.stopping = true;
  state.arrived->notify();
  state.shared.timers.stop();
  for (const auto& [id, actor] : std::map(state.actors)) actor->shut();
  co_await state.shared.tasks.join();
}

std::size_t CallDirector::calls_open() const { return state_->calls_open(); }

void CallDirector::handle(std::vector<StoredEvent> events) {
  if (!state_->shared.stopping) state_->enqueue(std::move(events));
}

Task<void> CallDirector::arrived(ContextId call, std::unique_ptr<CallerAudio> audio,
                                 Executor& where) {
  return state_->hand_over(std::move(call), std::move(audio), &where);
}

Task<void> CallDirector::State::hand_over(ContextId call, std::unique_ptr<CallerAudio> audio,
                                          Executor* where) {
  std::shared_ptr<Signal> finished = shared.services.clock.make_signal();
  MediaArrival arrival{
      .audio = std::move(audio), .where = where, .done = [finished] { finished->notify(); }};
  shared.services.control.post(
      [this, call = std::move(call), arrival = std::move(arrival)]() mutable {
        media(std::move(call), std::move(arrival));
      });
  co_await finished->wait();
}

Task<Result<void>> CallDirector::hang_up(ContextId call) {
  return state_->wish(std::move(call), call_event::HangUpWanted{"the operator hung up"},
                      [](const CallState& state) { return state.call.end_reason.empty(); });
}

Task<Result<void>> CallDirector::pause_recording(ContextId call) {
  return state_->wish(std::move(call), call_event::PauseWanted{}, [](const CallState& state) {
    return state.call.phase == CallPhase::connected && state.call.end_reason.empty() &&
           state.call.recording_wish == RecordingWish::record;
  });
}

Task<Result<void>> CallDirector::resume_recording(ContextId call) {
  return state_->resume(std::move(call));
}

Task<Result<void>> CallDirector::State::resume(ContextId call) {
  auto actor = co_await find_actor(call);
  if (!actor) co_return Failure(actor.error());
  const auto& now = (*actor)->state();
  if (!now.closed() && now.call.awaits_notice())
    co_return fail(ErrorKind::conflict,
                   "the recording waits for the recording notice and begins by itself when that "
                   "has been played to its end; it cannot be resumed before");
  co_return co_await wish(std::move(call), call_event::ResumeWanted{}, [](const CallState& state) {
    return state.call.phase == CallPhase::connected && state.call.end_reason.empty() &&
           state.call.recording_wish == RecordingWish::pause;
  });
}

Task<Result<void>> CallDirector::stop_recording(ContextId call) {
  return state_->wish(std::move(call), call_event::StopWanted{}, [](const CallState& state) {
    return state.call.recording_wish != RecordingWish::stop;
  });
}

std::vector<CallDiagnosticsRow> CallDirector::diagnostics() const {
  std::vector<CallDiagnosticsRow> rows;
  for (const auto& [id, actor] : state_->actors) {
    const auto& call = actor->state().call;
    const bool active = call.recording_phase == RecordingPhase::active ||
                        call.recording_phase == RecordingPhase::paused;
    rows.push_back({.context = id,
                    .correlation = call.correlation_id,
                    .server_call = call.server_call_id,
                    .active_recording = active ? call.recording_id : RecordingId{},
                    .recording_state = std::string(to_text(call.recording_phase))});
  }
  return rows;
}

}  // namespace earshot::calls
