#include "calls/detail/call_actor.hpp"

#include "base/random.hpp"
#include "calls/call_links.hpp"
#include "recording/verification/call_verifier.hpp"

#include <algorithm>
#include <utility>

namespace earshot::calls::detail {
namespace {

constexpr int conflict_tries_max = 10;
// Of what the call tells itself (outcomes, timers, its bridge), which is bounded by its nature.
constexpr std::size_t letters_max = 100'000;

bool nothing_in(const Changes& changes) {
  return changes.calls.empty() && changes.personal.empty() && changes.recordings.empty() &&
         changes.pauses.empty() && changes.journal.empty() && changes.alerts.empty() &&
         changes.jobs.empty() && changes.handled_events.empty();
}

Counter& calls_counter(Counters& counters, const char* outcome) {
  return counters.counter("earshot_calls_total", "Calls by what became of their ring",
                          {{"outcome", outcome}});
}

}  // namespace

ActorShared::ActorShared(CallServices services_in, CallsOptions options_in, TimerQueue::Fired fired)
    : services(std::move(services_in)),
      options(std::move(options_in)),
      timers(services.clock, std::move(fired)),
      tasks(services.control, services.clock, services.log, "calls"),
      calls_active(services.counters.gauge("earshot_calls_active", "Calls in progress")),
      recordings_active(
          services.counters.gauge("earshot_recordings_active", "Recordings that are active")),
      calls_connected(calls_counter(services.counters, "connected")),
      calls_not_answered(calls_counter(services.counters, "not_answered")),
      calls_rejected(calls_counter(services.counters, "rejected")),
      recording_starts(services.counters.counter("earshot_recording_starts_total",
                                                 "Recording starts sent to ACS")),
      media_restarts(services.counters.counter("earshot_media_restarts_total",
                                               "Media streams asked for again")),
      conflicts(services.counters.counter("earshot_call_conflicts_total",
                                          "Commits of a call that another writer had overtaken")) {}

Duration ActorShared::database_wait(int tries) const {
  Duration wait = options.database_retry;
  for (int i = 0; i < tries && wait < options.database_retry_max; ++i) wait *= 2;
  return std::min(wait, options.database_retry_max);
}

Task<Result<void>> ActorShared::commit_patiently(Changes changes, bool* answer_lost) {
  int tries = 0;
  auto committed = co_await patiently<void>([this, &changes, &tries] {
    ++tries;
    return services.store.commit(changes);
  });
  if (answer_lost != nullptr) *answer_lost = tries > 1;
  co_return committed;
}

CallActor::CallActor(ActorShared& shared, CallState state)
    : shared_(shared),
      requests_{shared.services, shared.services.acs.of(state.call.resource)},
      mailbox_(shared.services.clock, letters_max) {
  may_have_turns_ = state.call.version > 0;
  if (state.call.version > 0) counted_phase_ = state.call.phase;
  become(std::move(state), false);
}

CallActor::~CallActor() {
  if (counted_open_) shared_.calls_active.add(-1);
  if (counted_recording_) shared_.recordings_active.add(-1);
}

void CallActor::remember_ring(std::int64_t event_number, Secret incoming_call_context) {
  ring_event_ = event_number;
  incoming_call_context_ = std::move(incoming_call_context);
}

bool CallActor::post(Letter letter) {
  const bool from_outside = letter.stored_number != 0;
  if (from_outside && mailbox_.size() >= shared_.options.events_of_call_max) return false;
  if (letter.event && std::holds_alternative<call_event::PauseWanted>(*letter.event))
    hasten(letter);
  const bool hastened = letter.hastened_at.has_value();
  if (mailbox_.try_push(std::move(letter))) return true;
  if (hastened) haste_over();
  shared_.services.log.error("mailbox of a call is full", {{"call", state_.call.id.text}});
  return false;
}

// What the caller says next may be a card's number, and the database may be slow or away. To keep
// too little is safe, and so is a pause that is asked for twice: neither waits for being stored.
void CallActor::hasten(Letter& letter) {
  const auto now = shared_.services.clock.wall_now();
  const auto& known = coming_ != nullptr ? *coming_ : state_;
  const auto transition = step(known, *letter.event, now, shared_.options.machine);
  if (dead_ || known.closed() || !transition.next.is_private) return;
  letter.hastened_at = now;
  ++hastened_;
  if (bridge_) bridge_->set_private(true);
  if (hastened_ > 1) return;  // the first has paused it
  for (const auto& action : transition.actions)
    if (const auto* pause = std::get_if<call_action::PauseRecording>(&action)) {
      letter.paused_early = pause->id;
      do_now(*pause);
    }
}

// What holds from here on is what was stored.
void CallActor::haste_over() {
  --hastened_;
  if (bridge_ && hastened_ == 0 && !shared_.stopping) bridge_->set_private(state_.is_private);
}

Task<void> CallActor::run() {
  while (!finished()) {
    auto letter = co_await mailbox_.next();
    if (!letter) break;
    const auto number = letter->stored_number;
    const auto taken = std::move(letter->taken);
    const bool hastened = letter->hastened_at.has_value();
    if (!dead_) co_await process(std::move(*letter));
    if (hastened) haste_over();
    if (number != 0) shared_.event_done(number);
    if (taken) taken();
  }
  for (auto& arrival : std::exchange(held_, {})) refuse(std::move(arrival));
  shared_.actor_done(*this);
}

bool CallActor::finished() const {
  if (making_bridge_ || bridge_running_) return false;
  if (dead_) return mailbox_.size() == 0;
  return state_.closed() && mailbox_.size() == 0 && requests_in_flight_ == 0 && held_.empty() &&
         !shared_.timers.armed(state_.call.id);
}

void CallActor::shut() {
  dead_ = true;
  end_bridge("the service is stopping");
  nudge();
}

// One event: what follows from it is stored, and then done.
Task<void> CallActor::process(Letter letter) {
  for (int tries = 0; tries < conflict_tries_max; ++tries) {
    Transition transition{state_, {}};
    if (letter.event)
      transition = step(state_, *letter.event,
                        letter.hastened_at.value_or(shared_.services.clock.wall_now()),
                        shared_.options.machine);
    Changes changes = changes_of(transition, letter);
    const bool stores_call = !changes.calls.empty();
    const bool ring_done =
        ring_event_ != 0 && std::ranges::count(changes.handled_events, ring_event_) > 0;
    if (!nothing_in(changes)) {
      bool answer_lost = false;
      coming_ = &transition.next;
      auto committed = co_await shared_.commit_patiently(std::move(changes), &answer_lost);
      coming_ = nullptr;
      const bool in_conflict = !committed && committed.error().kind == ErrorKind::conflict &&
                               !is_erased_or_erasing(committed.error());
      if (in_conflict && answer_lost && co_await is_stored(transition.next.call, stores_call)) {
        committed = ok();
      } else if (in_conflict) {
        shared_.conflicts.add();
        if (!co_await reload()) co_return;
        continue;
      }
      if (!committed) co_return co_await give_up_letter(std::move(letter), committed.error());
    }
    become(std::move(transition.next), stores_call);
    std::erase_if(transition.actions, [&](const CallAction& action) {
      const auto* pause = std::get_if<call_action::PauseRecording>(&action);
      return pause != nullptr && pause->id == letter.paused_early;
    });
    perform_all(std::move(transition.actions));
    if (ring_done) {
      shared_.event_done(std::exchange(ring_event_, 0));
      incoming_call_context_ = Secret();
    }
    place_media();
    co_return;
  }
  shared_.services.log.error("event of a call given up: its row keeps changing under us",
                             {{"call", state_.call.id.text}});
}

// The store will never take what follows from this letter, or the process is stopping.
Task<void> CallActor::give_up_letter(Letter letter, Error error) {
  if (worth_retrying(error)) co_return;  // stopping: the event is handled by the next process
  // The erasure may be refused yet, and what the event tells is told once.
  if (is_call_erasing(error) && letter.stored_number != 0)
    co_return shared_.event_kept(letter.stored_number);
  // Not a fault: it came after the erasure, and its body goes too.
  const bool too_late = is_call_erased(error);
  const LogFields fields = {{"call", state_.call.id.text}, {"why", error.message}};
  if (too_late)
    shared_.services.log.info("event of an erased call dropped", fields);
  else
    shared_.services.log.error("event of a call cannot be stored", fields);
  Changes only_handled;
  auto& done = too_late ? only_handled.dropped_events : only_handled.handled_events;
  if (letter.stored_number != 0) done.push_back(letter.stored_number);
  if (state_.call.version == 0) {  // the call itself: it is not answered
    dead_ = true;
    if (ring_event_ != 0) only_handled.handled_events.push_back(ring_event_);
  }
  if (!only_handled.handled_events.empty() || !only_handled.dropped_events.empty())
    static_cast<void>(co_await shared_.commit_patiently(std::move(only_handled)));
}

Changes CallActor::changes_of(Transition& transition, const Letter& letter) {
  Changes changes;
  if (!letter.journal_type.empty())
    changes.journal.push_back({.call = state_.call.id,
                               .at = shared_.services.clock.wall_now(),
                               .type = letter.journal_type,
                               .detail = letter.journal_detail});
  if (letter.stored_number != 0) changes.handled_events.push_back(letter.stored_number);
  add_files(changes, letter.files);
  if (!letter.event) return changes;
  add_actions(changes, transition);
  add_ring(changes, transition.next);
  const auto& next = transition.next;
  const bool ends = next.call.phase == CallPhase::ended && state_.call.phase != CallPhase::ended;
  // Also when it was never recorded: every answered call gets its verdict.
  if (ends)
    changes.jobs.push_back(recording::make_verify_job(
        next.call.id, shared_.services.clock.wall_now() + shared_.options.verdict_first_due));
  if (next.call != state_.call || next.call.version == 0) changes.calls.push_back(next.call);
  for (const auto& recording : next.recordings) {
    const auto same = std::ranges::find(state_.recordings, recording.id, &Recording::id);
    if (same == state_.recordings.end() || *same != recording)
      changes.recordings.push_back(recording);
  }
  return changes;
}

void CallActor::add_ring(Changes& changes, const CallState& next) {
  if (next.call.version == 0 && personal_) changes.personal.push_back(*personal_);
  if (ring_event_ != 0 && (next.call.answered_at || next.closed()))
    changes.handled_events.push_back(ring_event_);
}

void CallActor::add_actions(Changes& changes, Transition& transition) {
  const auto now = shared_.services.clock.wall_now();
  auto& call = transition.next.call;
  for (const auto& action : transition.actions) {
    if (const auto* entry = std::get_if<call_action::Journal>(&action))
      changes.journal.push_back(
          {.call = call.id, .at = now, .type = entry->type, .detail = entry->detail});
    else if (const auto* opened = std::get_if<call_action::OpenPause>(&action))
      changes.pauses.push_back({.recording = opened->id, .from = opened->from, .to = {}});
    else if (const auto* over = std::get_if<call_action::ClosePause>(&action))
      changes.pauses.push_back({.recording = over->id, .from = over->from, .to = over->to});
    else if (const auto* alert = std::get_if<call_action::RaiseAlert>(&action))
      changes.alerts.push_back({.kind = alert->kind,
                                .call = call.id,
                                .recording = alert->recording,
                                .message = alert->message,
                                .at = now});
    else if (const auto* queued = std::get_if<call_action::QueueDiscovery>(&action))
      add_search(changes, transition.next, queued->id);
    else if (const auto* start = std::get_if<call_action::StartRecording>(&action);
             start && !start->repeat)
      // Stored before it is sent, so that a retry after a crash is the same request.
      call.recording_start_request_id = make_uuid(shared_.services.random);
    else if (std::holds_alternative<call_action::Answer>(action) && !call.answer_first_sent)
      call.answer_first_sent = now;
  }
}

// After a conflict: were these our own changes, stored by a try whose answer was lost? Nobody else
// writes the same call with the same version, times and request ids.
Task<bool> CallActor::is_stored(Call wanted, bool stores_call) {
  // Without a call only the event can be in conflict, and it is this process that has it in hand.
  if (!stores_call) co_return true;
  ++wanted.version;
  auto& store = shared_.services.store;
  auto call = co_await shared_.patiently<Call>([&] { return store.load_call(wanted.id); });
  co_return call && *call == wanted;
}

void CallActor::add_search(Changes& changes, const CallState& next, const RecordingId& id) {
  const auto now = shared_.services.clock.wall_now();
  changes.jobs.push_back({.kind = "discover_recording",
                          .subject = id.text,
                          .payload = "{}",
                          .due = now + shared_.options.discovery_first_due,
                          .deadline = now + shared_.options.discovery_deadline,
                          .unique_key = "discover_recording/" + id.text});
  const auto recording = std::ranges::find(next.recordings, id, &Recording::id);
  if (recording == next.recordings.end() || recording->byos) return;
  // Only one event tells where its files are, and it cannot be asked for again.
  changes.jobs.push_back({.kind = "watch_recording_files",
                          .subject = id.text,
                          .payload = "{}",
                          .due = now + shared_.options.file_event_alert_after,
                          .deadline = now + files_kept_at_acs,
                          .unique_key = "watch_recording_files/" + id.text});
}

// In the transaction that marks the event as handled: a location that is lost is lost for good.
void CallActor::add_files(Changes& changes, const std::vector<FileLocation>& files) {
  if (files.empty()) return;
  const auto& id = files.front().recording;
  const auto recording = std::ranges::find(state_.recordings, id, &Recording::id);
  if (recording == state_.recordings.end()) {
    shared_.services.log.warn("ACS told of the files of a recording that is not ours",
                              {{"call", state_.call.id.text}, {"recording", id.text}});
    return;
  }
  const auto now = shared_.services.clock.wall_now();
  changes.file_locations = files;
  changes.jobs.push_back({.kind = "fetch_recording",
                          .subject = id.text,
                          .payload = "{}",
                          .due = recording->byos ? now + shared_.options.second_copy_after : now,
                          .deadline = files.front().expires_at,
                          .unique_key = "fetch_recording/" + id.text});
}

// False: there is nothing left to do for the letter.
Task<bool> CallActor::reload() {
  const auto id = state_.call.id;
  auto& store = shared_.services.store;
  auto call = co_await shared_.patiently<Call>([&] { return store.load_call(id); });
  if (!call && state_.call.version == 0) {
    // Another call of the same ring was stored by another process meanwhile, which answers it.
    dead_ = true;
    if (ring_event_ != 0) {
      Changes handled{.handled_events = {ring_event_}};
      static_cast<void>(co_await shared_.commit_patiently(std::move(handled)));
    }
    co_return false;
  }
  if (!call) co_return false;
  if (call->version == state_.call.version) co_return false;  // the event was handled elsewhere
  auto recordings =
      co_await shared_.patiently<std::vector<Recording>>([&] { return store.recordings_of(id); });
  if (!recordings) co_return false;
  CallState fresh = state_;
  fresh.call = std::move(*call);
  fresh.recordings = std::move(*recordings);
  become(std::move(fresh), false);
  co_return true;
}

void CallActor::become(CallState next, bool stored) {
  if (stored) ++next.call.version;
  state_ = std::move(next);
  const bool open = !state_.closed() && state_.call.version > 0;
  const bool recording = open && state_.call.recording_phase == RecordingPhase::active;
  if (open != counted_open_) shared_.calls_active.add(open ? 1 : -1);
  if (recording != counted_recording_) shared_.recordings_active.add(recording ? 1 : -1);
  if (stored && counted_phase_ != state_.call.phase) {
    if (state_.call.phase == CallPhase::connected) shared_.calls_connected.add();
    if (state_.call.phase == CallPhase::not_answered) shared_.calls_not_answered.add();
    counted_phase_ = state_.call.phase;
  }
  counted_open_ = open;
  counted_recording_ = recording;
}

// What the machine wants done.

void CallActor::perform_all(std::vector<CallAction> actions) {
  for (const auto& action : actions)
    std::visit([this](const auto& wanted) { do_now(wanted); }, action);
}

void CallActor::request(Task<CallEvent> work, CallEvent if_it_throws) {
  ++requests_in_flight_;
  shared_.tasks.spawn(run_request(shared_from_this(), std::move(work), std::move(if_it_throws)));
}

Task<void> CallActor::run_request(std::shared_ptr<CallActor> self, Task<CallEvent> work,
                                  CallEvent if_it_throws) {
  std::optional<CallEvent> outcome;
  try {
    outcome = co_await std::move(work);
  } catch (const std::exception& error) {
    self->shared_.services.log.error("request of a call failed",
                                     {{"call", self->state_.call.id.text}, {"what", error.what()}});
  }
  --self->requests_in_flight_;
  self->post(Letter{.event = outcome ? std::move(*outcome) : std::move(if_it_throws)});
}

void CallActor::do_now(const call_action::Answer&) {
  const auto& call = state_.call;
  const auto& host = shared_.options.callback_uri_host;
  AnswerRequest answer{
      .call = call.id,
      .incoming_call_context = incoming_call_context_,
      .callback_uri = callback_uri(host, call),
      .media_uri = media_uri(host, call),
      .media_sample_rate_hz = shared_.options.media_sample_rate_hz,
      .operation_context = call.id.text,
      .repeatability = {.request_id = call.answer_request_id,
                        .first_sent = call.answer_first_sent.value_or(call.received_at)}};
  request(requests_.answer(std::move(answer)), call_event::AnswerError{});
}

void CallActor::do_now(const call_action::Reject&) {
  shared_.calls_rejected.add();
  request(requests_.reject(
              state_.call.id, incoming_call_context_,
              {.request_id = state_.call.answer_request_id, .first_sent = state_.call.received_at}),
          call_event::AnswerError{});
}

void CallActor::do_now(const call_action::StartRecording&) {
  const auto& call = state_.call;
  shared_.recording_starts.add();
  StartRecordingRequest start{
      .call = call.id,
      .server_call_id = call.server_call_id,
      .state_callback_uri = recording_state_uri(shared_.options.callback_uri_host, call),
      .channels = shared_.options.machine.channels,
      .format = shared_.options.machine.format,
      .container_url = shared_.options.recording_container_url,
      .pause_on_start = call.recording_start_paused,
      .repeatability = {.request_id = call.recording_start_request_id,
                        .first_sent = call.recording_start_first_sent.value_or(call.received_at)}};
  request(requests_.start_recording(std::move(start)), call_event::RecordingStartError{});
}

void CallActor::do_now(const call_action::StopRecording& action) {
  request(requests_.stop_recording(state_.call.id, action.id),
          call_event::RecordingStopDone{action.id, Error{}});
}

void CallActor::do_now(const call_action::PauseRecording& action) {
  request(requests_.pause_recording(state_.call.id, action.id),
          call_event::RecordingPauseDone{action.id, Error{}});
}

void CallActor::do_now(const call_action::ResumeRecording& action) {
  // A later wish to pause waits to be stored: what it is for must not be recorded meanwhile.
  if (hastened_ > 0)
    return static_cast<void>(post(Letter{
        .event = call_event::RecordingResumeDone{
            action.id, Error{.kind = ErrorKind::conflict, .message = "paused again meanwhile"}}}));
  request(requests_.resume_recording(state_.call.id, action.id),
          call_event::RecordingResumeDone{action.id, Error{}});
}

void CallActor::do_now(const call_action::PollRecording& action) {
  request(requests_.poll_recording(state_.call.id, action.id),
          call_event::RecordingPolled{action.id, call_event::RecordingPoll::unknown});
}

void CallActor::do_now(const call_action::PollCall&) {
  request(requests_.poll_call(state_.call.id, state_.call.connection_id), call_event::CallPolled{});
}

void CallActor::do_now(const call_action::StartMediaStreaming&) {
  shared_.media_restarts.add();
  request(requests_.start_media_streaming(state_.call.id, state_.call.connection_id),
          call_event::MediaStartDone{Error{}});
}

void CallActor::do_now(const call_action::HangUp&) {
  shared_.services.log.info("hanging up",
                            {{"call", state_.call.id.text}, {"reason", state_.call.end_reason}});
  request(requests_.hang_up(state_.call.id, state_.call.connection_id),
          call_event::HangUpDone{Error{}});
}

void CallActor::do_now(const call_action::EndBridge& action) {
  shared_.services.log.info("call over",
                            {{"call", state_.call.id.text}, {"reason", action.reason}});
  end_bridge(action.reason);
}

void CallActor::do_now(const call_action::SetGate& action) {
  if (bridge_) bridge_->recording_active(action.open);
}

void CallActor::do_now(const call_action::SetPrivate& action) {
  if (bridge_) bridge_->set_private(action.on || hastened_ > 0);
}

void CallActor::do_now(const call_action::AnswerAsker& action) {
  if (bridge_) bridge_->recording_steered(action.asker, action.done, action.why_not);
}

void CallActor::do_now(const call_action::ArmTimer& action) {
  shared_.timers.arm(state_.call.id, action.timer, action.after);
}

void CallActor::do_now(const call_action::CancelTimer& action) {
  shared_.timers.cancel(state_.call.id, action.timer);
}

void CallActor::do_now(const call_action::RaiseAlert& action) {
  // Stored with what led to it: add_actions().
  shared_.services.alerts.announce({.kind = action.kind,
                                    .call = state_.call.id,
                                    .recording = action.recording,
                                    .message = action.message,
                                    .at = shared_.services.clock.wall_now()});
}

void CallActor::do_now(const call_action::Warn& action) {
  shared_.services.log.warn(action.message, {{"call", state_.call.id.text}});
}

void CallActor::do_now(const call_action::NoteAbsentRecording& action) {
  shared_.services.log.write(
      shared_.options.suppress_8522_warn ? LogLevel::debug : LogLevel::warn,
      "Recording " + action.id.text + " already absent (treated as stopped - 8522)",
      {{"call", state_.call.id.text}});
}

}  // namespace earshot::calls::detail
