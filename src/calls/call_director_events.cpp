// Of the director of calls: stored events, which call each is about, and rings, which make calls.
#include "base/crypto.hpp"
#include "calls/detail/director_state.hpp"
#include "calls/detail/event_reading.hpp"
#include "domain/imported_call.hpp"
#include "domain/journal_text.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace earshot::calls {
namespace {

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

}  // namespace

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
    if (!kept.empty() && shared.services.clock.steady_now() >= kept_until) release_kept();
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
    } else if (!kept.empty()) {
      static_cast<void>(co_await arrived->wait_until(kept_until));
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
  if (const auto& known = (*actor)->state().call; known.erased_at)
    co_return co_await come_too_late(known, std::move(stored));
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

// As long as the erasure may be refused the event stays as it is: where a file lies is told once.
Task<void> CallDirector::State::come_too_late(Call call, StoredEvent stored) {
  if (call.erasing) co_return keep(stored.number);
  co_await drop(call.id, std::move(stored));
}

// Beyond the bound they are in nobody's hand, and may be read again sooner.
void CallDirector::State::keep(std::int64_t number) {
  kept_events.add();
  if (kept.empty()) kept_until = shared.services.clock.steady_now() + call_erasing_retry;
  if (kept.size() < shared.options.events_waiting_max / 4)
    kept.push_back(number);
  else
    in_hand.erase(number);
}

void CallDirector::State::release_kept() {
  for (const auto number : kept) in_hand.erase(number);
  kept.clear();
  missed = true;
}

// Of a call whose data was erased nothing follows any more, and its body, which may hold numbers or
// tell where audio is, goes.
Task<void> CallDirector::State::drop(ContextId call, StoredEvent stored) {
  const auto number = stored.number;
  Changes changes{.dropped_events = {number}};
  changes.journal.push_back({.call = call,
                             .at = shared.services.clock.wall_now(),
                             .type = "event after the erasure dropped",
                             .detail = journal_detail({{"event", stored.event.id}})});
  log.info("event of an erased call dropped", {{"type", stored.event.type}, {"call", call.text}});
  static_cast<void>(co_await shared.commit_patiently(std::move(changes)));
  in_hand.erase(number);
}

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
    if (known->erased_at) co_return co_await come_too_late(std::move(*known), std::move(stored));
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

}  // namespace earshot::calls
