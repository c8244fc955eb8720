#include "calls/call_director.hpp"

#include "base/crypto.hpp"
#include "calls/detail/call_actor.hpp"
#include "calls/detail/event_reading.hpp"
#include "domain/imported_call.hpp"
#include "domain/journal_text.hpp"
#include "domain/words.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace earshot::calls {

using detail::CallActor;
using detail::Letter;
using detail::MediaArrival;
using ActorPtr = std::shared_ptr<CallActor>;

namespace {

// After the hang-ups of a stop: for ACS's last events and the bridges' last words.
constexpr Duration hang_up_grace = 10s;
// Events of no call that are written off in one commit.
constexpr std::size_t forgotten_max = 256;

// Digits alone identify the called number; SHA-256, because the ring key is kept when personal data
// is erased.
std::string ring_key_of(const IncomingCall& ring) {
  const auto digest = crypto::sha256(as_bytes(ring.called));
  return ring.correlation_id.text + "/" + crypto::to_hex(digest);
}

// "4:+15550100" and "+15550100" are the same number.
std::string_view number_of(std::string_view raw_id) {
  const auto colon = raw_id.find(':');
  return colon == std::string_view::npos ? raw_id : raw_id.substr(colon + 1);
}

// Though it came to this call's address. A recording's events may name another leg of the call.
bool is_of_another_connection(const InboundEvent& event, const CallConnectionId& own) {
  const bool of_recording = std::holds_alternative<RecordingStateChanged>(event.body) ||
                            std::holds_alternative<StartRecordingFailed>(event.body) ||
                            std::holds_alternative<RecordingFileStatusUpdated>(event.body);
  return !of_recording && !own.empty() && !event.connection_id.empty() &&
         event.connection_id != own;
}

Counter& unmatched_counter(Counters& counters, const char* type) {
  return counters.counter("earshot_recording_events_unmatched_total",
                          "Authenticated events of recordings that no call here made",
                          {{"type", type}});
}

}  // namespace

struct CallDirector::State {
  State(CallServices services, CallsOptions options);

  // What waits to be given to its call: a stored event, or a call to take up after a restart.
  struct Waiting {
    std::optional<StoredEvent> stored;
    ContextId recover;
  };

  Task<void> take_in();
  Task<void> hand_over(ContextId call, std::unique_ptr<CallerAudio> audio, Executor* where);
  Task<void> take(StoredEvent stored);
  Task<void> take_ring(StoredEvent stored);
  void new_call(StoredEvent stored, std::string ring_key);
  Task<void> read_missed();
  void forget(std::int64_t number);
  Task<void> write_off_forgotten();
  Task<ContextId> call_of(InboundEvent event);
  Task<std::optional<Call>> found(std::function<Task<Result<std::optional<Call>>>()> ask);
  Task<Result<ActorPtr>> find_actor(ContextId id);
  Task<Result<ActorPtr>> load_actor(Call call);
  ActorPtr add_actor(CallState call);
  std::string resource_of(const IncomingCall& ring);
  void check_resource(const Call& call);
  static Task<void> run_actor(ActorPtr actor);
  void recover(const ContextId& id);
  void enqueue(std::vector<StoredEvent> events);
  void media(ContextId id, MediaArrival arrival);
  Task<void> find_and_attach(ContextId id, MediaArrival arrival);
  call_event::Admission admission(const IncomingCall& ring) const;
  std::size_t calls_open() const;
  Task<Result<void>> wish(ContextId id, CallEvent event, bool (*fits)(const CallState&));
  Task<Result<void>> resume(ContextId call);
  Task<void> wait_while_calls(SteadyTime deadline, std::function<bool()> any);

  detail::ActorShared shared;
  Log& log;
  CallStore& store;
  std::map<ContextId, ActorPtr> actors;
  std::map<std::string, ContextId> rings;  // ring key to call, of the calls in hand
  std::deque<Waiting> waiting;
  std::set<std::int64_t> in_hand;       // numbers of stored events that this process is busy with
  std::vector<std::int64_t> forgotten;  // of those in hand: nothing follows from them
  bool missed = false;                  // some stored events were left in the database
  bool draining = false;
  std::unique_ptr<Signal> arrived;
  std::unique_ptr<Signal> actor_gone;
  void tell_unplaced(const StoredEvent& stored);
  Counter& unknown;
  Counter& unmatched_files;
  Counter& unmatched_states;
  Counter& sockets_refused;
};

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
      unmatched_files(unmatched_counter(shared.services.counters, "RecordingFileStatusUpdated")),
      unmatched_states(unmatched_counter(shared.services.counters, "RecordingStateChanged")),
      sockets_refused(shared.services.counters.counter("earshot_media_sockets_unneeded_total",
                                                       "Media sockets that no open call wanted")) {
  shared.event_done = [this](std::int64_t number) {
    in_hand.erase(number);
    if (missed) arrived->notify();
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

// Stored events.

void CallDirector::State::enqueue(std::vector<StoredEvent> events) {
  for (auto& stored : events) {
    if (waiting.size() >= shared.options.events_waiting_max) {
      missed = true;
      break;
    }
    if (!in_hand.insert(stored.number).second) continue;
    waiting.push_back({.stored = std::move(stored), .recover = {}});
  }
  arrived->notify();
}

Task<void> CallDirector::State::take_in() {
  while (!shared.stopping) {
    if (!forgotten.empty() && (waiting.empty() || forgotten.size() >= forgotten_max)) {
      co_await write_off_forgotten();
    } else if (!waiting.empty()) {
      auto next = std::move(waiting.front());
      waiting.pop_front();
      if (next.stored)
        co_await take(std::move(*next.stored));
      else
        recover(next.recover);
    } else if (missed && in_hand.size() < shared.options.events_waiting_max / 2) {
      // A call whose mailbox is full needs time more than it needs its events again.
      co_await shared.services.clock.sleep_for(shared.options.database_retry);
      co_await read_missed();
    } else {
      co_await arrived->wait();
    }
  }
}

Task<void> CallDirector::State::read_missed() {
  missed = false;
  const auto limit = static_cast<int>(shared.options.events_waiting_max);
  auto events = co_await shared.patiently<std::vector<StoredEvent>>(
      [&] { return store.unhandled_events(limit); });
  if (!events) co_return;
  const bool more = events->size() == static_cast<std::size_t>(limit);
  enqueue(std::move(*events));
  missed = missed || more;
}

Task<void> CallDirector::State::take(StoredEvent stored) {
  const auto number = stored.number;
  if (std::holds_alternative<IncomingCall>(stored.event.body))
    co_return co_await take_ring(std::move(stored));
  const auto call = co_await call_of(stored.event);
  if (call.empty()) {
    unknown.add();
    tell_unplaced(stored);
    co_return forget(number);
  }
  auto actor = co_await find_actor(call);
  if (!actor) {
    if (worth_retrying(actor.error())) co_return;  // stopping
    co_return forget(number);
  }
  const auto& own = (*actor)->state().call.connection_id;
  if (is_of_another_connection(stored.event, own)) {
    unknown.add();
    log.warn("event of another connection ignored",
             {{"type", stored.event.type}, {"call", call.text}});
    co_return forget(number);
  }
  if (const auto* changed = std::get_if<RecordingStateChanged>(&stored.event.body))
    log.info("[RecordingCallback] StateChanged: state=" +
                 std::string(changed->active ? "active" : "inactive"),
             {{"recording", changed->recording_id.text}, {"call", call.text}});
  auto reading = detail::read_event(stored.event);
  Letter letter{.event = std::move(reading.event),
                .stored_number = number,
                .journal_type = std::move(reading.journal_type),
                .journal_detail = std::move(reading.journal_detail),
                .files = detail::file_locations_of(stored.event, stored.received_at)};
  if ((*actor)->post(std::move(letter))) co_return;
  in_hand.erase(number);  // it waits in the database
  missed = true;
}

// Of a recording it is worth more than a line: either another application records on the same
// resource, or this database has lost a call, whose audio lies in the container all the same.
void CallDirector::State::tell_unplaced(const StoredEvent& stored) {
  const auto recording = detail::recording_of(stored.event);
  if (recording.empty())
    return log.info("event of an unknown call ignored", {{"type", stored.event.type}});
  const bool told_of_files = std::holds_alternative<RecordingFileStatusUpdated>(stored.event.body);
  (told_of_files ? unmatched_files : unmatched_states).add();
  const auto day = stored.event.occurred_at.value_or(stored.received_at);
  log.warn(
      "event of a recording that no call here made; if it is ours, `earshot recordings import` "
      "adopts it from its container",
      {{"type", stored.event.type}, {"recording", recording.text}, {"date", to_compact_date(day)}});
}

// Which call an event is about: its callback address says so, or else ACS's ids do.
Task<ContextId> CallDirector::State::call_of(InboundEvent event) {
  if (!event.context_id.empty()) co_return event.context_id;
  const auto recording = detail::recording_of(event);
  std::optional<Call> call;
  if (!recording.empty())
    call = co_await found([&] { return store.find_call_by_recording(recording); });
  if (!call && !event.connection_id.empty())
    call = co_await found([&] { return store.find_call_by_connection(event.connection_id); });
  if (!call && !event.server_call_id.empty())
    call = co_await found([&] { return store.find_call_by_server_call(event.server_call_id); });
  if (!call && !event.correlation_id.empty())
    call = co_await found([&] { return store.find_call_by_correlation(event.correlation_id); });
  // Of an imported call nothing is awaited: what ACS still says of it changes nothing.
  const bool lives = call && !is_imported(*call);
  co_return lives ? call->id : ContextId{};
}

Task<std::optional<Call>> CallDirector::State::found(
    std::function<Task<Result<std::optional<Call>>>()> ask) {
  auto answer = co_await shared.patiently<std::optional<Call>>(std::move(ask));
  co_return answer ? std::move(*answer) : std::nullopt;
}

// Nothing follows from the event. Not each with a commit of its own: a subscription that also sends
// what is not ours would keep a ring waiting behind it.
void CallDirector::State::forget(std::int64_t number) { forgotten.push_back(number); }

Task<void> CallDirector::State::write_off_forgotten() {
  auto numbers = std::exchange(forgotten, {});
  Changes changes{.handled_events = numbers};
  static_cast<void>(co_await shared.commit_patiently(std::move(changes)));
  for (const auto number : numbers) in_hand.erase(number);
}

// Rings.

Task<void> CallDirector::State::take_ring(StoredEvent stored) {
  const auto key = ring_key_of(std::get<IncomingCall>(stored.event.body));
  ContextId call;
  if (const auto ring = rings.find(key); ring != rings.end()) {
    call = ring->second;
  } else if (auto known = co_await found([&] { return store.find_call_by_ring_key(key); })) {
    call = known->id;
  } else if (shared.stopping) {
    co_return;
  }
  if (call.empty()) co_return new_call(std::move(stored), key);
  // It has rung before. After a restart this may be the only place that has what answering needs.
  auto actor = co_await find_actor(call);
  if (actor && (*actor)->wants_ring()) {
    (*actor)->remember_ring(stored.number,
                            std::get<IncomingCall>(stored.event.body).incoming_call_context);
    co_return;
  }
  forget(stored.number);
}

void CallDirector::State::new_call(StoredEvent stored, std::string ring_key) {
  auto& ring = std::get<IncomingCall>(stored.event.body);
  const auto admitted = admission(ring);
  auto& random = shared.services.random;
  Call call{.id = {make_uuid(random)},
            .correlation_id = ring.correlation_id,
            .server_call_id = ring.server_call_id,
            .ring_key = std::move(ring_key),
            .link_key = make_token(random),
            .answer_request_id = make_uuid(random),
            .resource = resource_of(ring),
            .received_at = stored.received_at,
            .rang_at = stored.event.occurred_at};
  const auto id = call.id;
  log.info(
      "call rang",
      {{"call", id.text}, {"correlation", ring.correlation_id.text}, {"resource", call.resource}});
  auto actor = add_actor(CallState{.call = std::move(call)});
  actor->set_personal(
      {.call = id, .caller = ring.caller, .called = ring.called, .caller_name = ring.caller_name});
  actor->remember_ring(stored.number, std::move(ring.incoming_call_context));
  actor->post(Letter{.event = call_event::Rang{admitted},
                     .journal_type = "event IncomingCall",
                     .journal_detail = journal_detail({{"event", stored.event.id}})});
}

std::string CallDirector::State::resource_of(const IncomingCall& ring) {
  auto label = shared.options.resources.label_of(ring.resource_topic);
  shared.services.counters
      .counter("earshot_rings_total", "Calls that rang, by the ACS resource they came in on",
               {{"resource", label.value_or("unknown")}})
      .add();
  return label ? std::move(*label) : unknown_resource_label(ring.resource_topic);
}

// Whoever takes a resource out of the settings while calls of it are open, or files of it are still
// to be fetched, is told of each call; all else goes on.
void CallDirector::State::check_resource(const Call& call) {
  if (shared.options.resources.place_of(call.resource)) return;
  log.error("a call's ACS resource is not configured",
            {{"call", call.id.text}, {"resource", call.resource}});
  shared.services.alerts.raise(
      {.kind = "resource_not_configured",
       .call = call.id,
       .recording = {},
       .message = "an open call came in on the ACS resource '" + call.resource +
                  "', which is configured no longer, so that ACS can be asked nothing about it: "
                  "configure that label again and restart",
       .at = shared.services.clock.wall_now(),
       .expires_at = {}});
}

call_event::Admission CallDirector::State::admission(const IncomingCall& ring) const {
  using call_event::Admission;
  const auto& numbers = shared.options.numbers;
  const bool ours = numbers.empty() || std::ranges::any_of(numbers, [&](const auto& number) {
                      return number_of(number) == number_of(ring.called);
                    });
  if (!ours) return Admission::not_our_number;
  if (!shared.options.resources.label_of(ring.resource_topic)) return Admission::unknown_resource;
  if (draining) return Admission::draining;
  return calls_open() >= shared.options.calls_max ? Admission::busy : Admission::admitted;
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
