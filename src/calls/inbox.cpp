#include "calls/inbox.hpp"

#include "base/crypto.hpp"

#include <utility>

namespace earshot::calls {
namespace {

constexpr Duration replay_retry = 1s;

Counter& events_counter(Counters& counters, const char* outcome) {
  return counters.counter("earshot_events_total", "Inbound events by what became of them",
                          {{"outcome", outcome}});
}

}  // namespace

Inbox::Inbox(InboxServices services)
    : services_(services),
      stored_(events_counter(services.counters, "stored")),
      duplicates_(events_counter(services.counters, "duplicate")),
      unknown_(events_counter(services.counters, "unknown_call")),
      spooled_(events_counter(services.counters, "spooled")),
      lost_(events_counter(services.counters, "refused")),
      unstorable_(events_counter(services.counters, "unstorable")),
      waiting_(services.counters.gauge("earshot_events_spooled",
                                       "Events that wait on disk for the database")),
      tasks_(services.control, services.clock, services.log, "inbox"),
      spool_changed_(services.clock.make_signal()) {}

Task<Result<std::vector<Accepted>>> Inbox::accept(std::vector<InboundEvent> events) {
  Sorted sorted = co_await sort_out(std::move(events));
  if (!sorted.to_store.empty()) {
    const auto count = static_cast<double>(sorted.to_store.size());
    auto stored = co_await store(std::move(sorted));
    if (!stored) {
      lost_.add(count);
      co_return Failure(stored.error());
    }
    sorted = std::move(*stored);
  }
  for (const auto outcome : sorted.outcomes) count(outcome);
  co_return std::move(sorted.outcomes);
}

void Inbox::count(Accepted outcome) {
  switch (outcome) {
    case Accepted::stored:
      return stored_.add();
    case Accepted::duplicate:
      return duplicates_.add();
    case Accepted::unknown_call:
      return unknown_.add();
  }
}

// An event that names a call we never made is answered and forgotten: kept, it could never be
// handled; refused, it would come again.
Task<Inbox::Sorted> Inbox::sort_out(std::vector<InboundEvent> events) {
  Sorted sorted;
  sorted.outcomes.assign(events.size(), Accepted::unknown_call);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const bool ours = events[i].context_id.empty() || co_await is_ours(events[i].context_id);
    if (!ours) {
      services_.log.info("event of an unknown call ignored", {{"type", events[i].type}});
      continue;
    }
    sorted.outcomes[i] = Accepted::stored;
    sorted.places.push_back(i);
    sorted.to_store.push_back(std::move(events[i]));
  }
  co_return sorted;
}

Task<bool> Inbox::is_ours(ContextId call) {
  auto known = co_await look_up(std::move(call));
  // With the database away nobody can tell; kept, it is found out later.
  co_return known || known.error().kind != ErrorKind::not_found;
}

Task<Result<Inbox::Sorted>> Inbox::store(Sorted sorted) {
  const auto now = services_.clock.wall_now();
  auto events = sorted.to_store;
  auto results = co_await services_.store.store_events(std::move(events), now);
  if (!results) {
    if (worth_retrying(results.error())) {
      auto spooled = co_await spool(std::move(sorted.to_store));
      if (!spooled) co_return Failure(spooled.error());
      co_return std::move(sorted);
    }
    if (sorted.to_store.size() == 1) {
      // It can never be stored, and would come again if refused.
      unstorable_.add();
      services_.log.warn("event cannot be stored",
                         {{"type", sorted.to_store[0].type}, {"why", results.error().message}});
      sorted.outcomes[sorted.places[0]] = Accepted::unknown_call;
      co_return std::move(sorted);
    }
    co_return co_await store_one_by_one(std::move(sorted));
  }
  std::vector<StoredEvent> fresh;
  for (std::size_t i = 0; i < results->size(); ++i) {
    sorted.outcomes[sorted.places[i]] = (*results)[i].outcome;
    if ((*results)[i].outcome != Accepted::stored) continue;
    fresh.push_back({(*results)[i].number, std::move(sorted.to_store[i]), now});
  }
  hand_over(std::move(fresh));
  co_return std::move(sorted);
}

Task<Result<Inbox::Sorted>> Inbox::store_one_by_one(Sorted sorted) {
  for (std::size_t i = 0; i < sorted.places.size(); ++i) {
    Sorted one;
    one.outcomes = {Accepted::stored};
    one.places = {0};
    one.to_store.push_back(std::move(sorted.to_store[i]));
    auto stored = co_await store(std::move(one));
    if (!stored) co_return Failure(stored.error());
    sorted.outcomes[sorted.places[i]] = stored->outcomes[0];
  }
  co_return std::move(sorted);
}

Task<Result<void>> Inbox::spool(std::vector<InboundEvent> events) {
  const auto count = static_cast<double>(events.size());
  auto appended = co_await services_.spool.append(std::move(events), services_.clock.wall_now());
  if (!appended) {
    services_.log.error("event refused: neither database nor spool took it",
                        {{"why", appended.error().message}});
    co_return Failure(appended.error());
  }
  spooled_.add(count);
  services_.control.post([this] { spool_changed_->notify(); });
  co_return ok();
}

void Inbox::hand_over(std::vector<StoredEvent> events) {
  if (events.empty()) return;
  services_.control.post([&handler = services_.handler, events = std::move(events)]() mutable {
    handler.handle(std::move(events));
  });
}

Task<Result<KnownCall>> Inbox::look_up(ContextId call) {
  if (auto known = services_.known.find(call)) co_return std::move(*known);
  auto loaded = co_await services_.store.load_call(std::move(call));
  if (!loaded) co_return Failure(loaded.error());
  services_.known.remember(*loaded);
  co_return KnownCall{.link_key = loaded->link_key, .resource = loaded->resource};
}

Task<Result<void>> Inbox::check_link(ContextId call, std::string key) {
  const auto known = co_await look_up(std::move(call));
  if (!known && known.error().kind != ErrorKind::not_found) co_return Failure(known.error());
  // Compared also when there is no such call, so that both answers take the same path.
  const bool equal = crypto::constant_time_equal(
      known ? known->link_key : "0000000000000000000000000000000000000000000", key);
  if (!known || known->link_key.empty() || !equal)
    co_return fail(ErrorKind::not_found, "there is no such call, or its key is another");
  co_return ok();
}

Task<Result<std::string>> Inbox::resource_of(ContextId call) {
  auto known = co_await look_up(std::move(call));
  if (!known) co_return Failure(known.error());
  co_return std::move(known->resource);
}

Task<Result<ContextId>> Inbox::find_by_correlation(CorrelationId correlation) {
  auto found = co_await services_.store.find_call_by_correlation(correlation);
  if (!found) co_return Failure(found.error());
  const bool open =
      *found && ((*found)->phase == CallPhase::ringing || (*found)->phase == CallPhase::answering ||
                 (*found)->phase == CallPhase::connected);
  if (!open) co_return fail(ErrorKind::not_found, "no open call has this correlation id");
  co_return (*found)->id;
}

void Inbox::start() { tasks_.spawn(replay_whenever_needed()); }

Task<void> Inbox::stop() {
  stopping_ = true;
  spool_changed_->notify();
  co_await tasks_.join();
}

Task<void> Inbox::replay_whenever_needed() {
  while (!stopping_) {
    if (co_await replay())
      co_await spool_changed_->wait();
    else
      static_cast<void>(
          co_await spool_changed_->wait_until(services_.clock.steady_now() + replay_retry));
  }
}

// False: come again soon.
Task<bool> Inbox::replay() {
  auto waiting = co_await services_.spool.read_all();
  if (!waiting) {
    services_.log.warn("event spool cannot be read", {{"why", waiting.error().message}});
    co_return false;
  }
  double events_left = 0;
  for (const auto& batch : *waiting) events_left += static_cast<double>(batch.events.size());
  waiting_.set(events_left);
  for (auto& batch : *waiting) {
    if (stopping_) co_return true;
    const auto count = static_cast<double>(batch.events.size());
    auto copies = batch.events;
    auto results = co_await services_.store.store_events(std::move(copies), batch.received_at);
    if (!results && worth_retrying(results.error())) co_return false;
    std::vector<StoredEvent> fresh;
    if (results) {
      for (std::size_t i = 0; i < results->size(); ++i) {
        const auto& result = (*results)[i];
        // Spooled because the database's answer was lost: stored before, and nobody has it in hand.
        const bool stored_unseen = result.outcome == Accepted::duplicate && !result.handled;
        if (result.outcome == Accepted::stored || stored_unseen)
          fresh.push_back({result.number, std::move(batch.events[i]), batch.received_at});
      }
    } else {
      unstorable_.add(count);
      services_.log.warn("spooled events cannot be stored", {{"why", results.error().message}});
    }
    hand_over(std::move(fresh));
    if (!co_await services_.spool.truncate(1)) co_return false;
    events_left -= count;
    waiting_.set(events_left);
  }
  const bool none_left = waiting->empty();
  if (!none_left) services_.log.info("spooled events stored", {{"batches", waiting->size()}});
  co_return none_left;  // else look once more
}

}  // namespace earshot::calls
