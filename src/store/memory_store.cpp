#include "store/memory_store.hpp"

#include "store/detail/alert_rows.hpp"
#include "store/detail/memory_facts.hpp"
#include "store/detail/memory_state.hpp"
#include "store/detail/search_rows.hpp"
#include "store/detail/stored_text.hpp"

#include <algorithm>

namespace earshot::store {
namespace {

bool is_open(const Call& call) {
  return call.phase == CallPhase::ringing || call.phase == CallPhase::answering ||
         call.phase == CallPhase::connected;
}

bool within(WallTime time, const std::optional<WallTime>& from, const std::optional<WallTime>& to) {
  return (!from || time >= *from) && (!to || time < *to);
}

bool holds(std::string_view text, std::string_view wanted) {
  const auto low = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  };
  const auto same = [&](char a, char b) { return low(a) == low(b); };
  return !std::ranges::search(text, wanted, same).empty();
}

Failure lease_lost() {
  return fail(ErrorKind::conflict, "the job is no longer leased to this runner");
}

Failure no_such_alert() { return fail(ErrorKind::not_found, "there is no such alert"); }

}  // namespace

MemoryStore::MemoryStore(Random& random) : random_(random), state_(std::make_unique<State>()) {}
MemoryStore::~MemoryStore() = default;

void MemoryStore::fail_next_commits(int count) {
  std::lock_guard lock(state_->mutex);
  state_->commits_to_fail = count;
}

std::size_t MemoryStore::events_waiting() const {
  std::lock_guard lock(state_->mutex);
  return static_cast<std::size_t>(std::ranges::count_if(
      state_->tables.events, [](const auto& entry) { return !entry.second.handled; }));
}

Task<Result<void>> MemoryStore::commit(Changes changes) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  auto checked = state_->tables.check(changes);
  if (!checked) co_return checked;
  state_->tables.apply(std::move(changes), random_);
  co_return ok();
}

Task<Result<std::vector<EventStoreResult>>> MemoryStore::store_events(
    std::vector<InboundEvent> events, WallTime received_at) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  std::vector<EventStoreResult> results;
  results.reserve(events.size());
  for (auto& event : events)
    results.push_back(state_->tables.put_event(std::move(event), received_at));
  co_return results;
}

Task<Result<std::vector<StoredEvent>>> MemoryStore::unhandled_events(int limit) {
  std::lock_guard lock(state_->mutex);
  std::vector<StoredEvent> waiting;
  for (const auto& [number, event] : state_->tables.events)
    if (!event.handled) waiting.push_back(event.stored);
  cut_to(waiting, limit);
  co_return waiting;
}

Task<Result<Call>> MemoryStore::load_call(ContextId id) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->tables.calls.find(id);
  if (found == state_->tables.calls.end())
    co_return fail(ErrorKind::not_found, "there is no such call");
  co_return found->second;
}

Task<Result<std::optional<Call>>> MemoryStore::find_call_by_ring_key(std::string ring_key) {
  co_return state_->newest_call(
      [&](const Call& call) { return !ring_key.empty() && call.ring_key == ring_key; });
}

Task<Result<std::optional<Call>>> MemoryStore::find_call_by_correlation(CorrelationId id) {
  co_return state_->newest_call(
      [&](const Call& call) { return !id.empty() && call.correlation_id == id; });
}

Task<Result<std::optional<Call>>> MemoryStore::find_call_by_connection(CallConnectionId id) {
  co_return state_->newest_call(
      [&](const Call& call) { return !id.empty() && call.connection_id == id; });
}

Task<Result<std::optional<Call>>> MemoryStore::find_call_by_server_call(ServerCallId id) {
  co_return state_->newest_call(
      [&](const Call& call) { return !id.empty() && call.server_call_id == id; });
}

Task<Result<std::optional<Call>>> MemoryStore::find_call_by_recording(RecordingId id) {
  ContextId context;
  {
    std::lock_guard lock(state_->mutex);
    if (const auto* recording = state_->tables.find_recording(id)) context = recording->call;
  }
  co_return state_->newest_call(
      [&](const Call& call) { return !context.empty() && call.id == context; });
}

Task<Result<std::vector<Call>>> MemoryStore::open_calls() {
  std::lock_guard lock(state_->mutex);
  std::vector<Call> open;
  for (const auto& [id, call] : state_->tables.calls)
    if (is_open(call)) open.push_back(call);
  std::ranges::sort(open, {}, [](const Call& call) { return std::tie(call.received_at, call.id); });
  co_return open;
}

Task<Result<std::vector<Call>>> MemoryStore::list_calls(CallQuery query) {
  std::lock_guard lock(state_->mutex);
  const auto& calls = state_->tables.calls;
  const auto before = calls.find({query.before_id});
  if (!query.before_id.empty() && before == calls.end())
    co_return fail(ErrorKind::not_found, "there is no call to list on from");
  const auto age = [](const Call& call) { return std::tie(call.received_at, call.id); };
  std::vector<Call> listed;
  for (const auto& [id, call] : calls)
    if ((!query.phase || call.phase == *query.phase) &&
        within(call.received_at, query.from, query.to) &&
        (query.before_id.empty() || age(call) < age(before->second)))
      listed.push_back(call);
  std::ranges::sort(listed, std::greater<>(), age);
  cut_to(listed, query.limit);
  co_return listed;
}

Task<Result<CallPersonal>> MemoryStore::load_personal(ContextId id) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->tables.personal.find(id);
  if (found == state_->tables.personal.end())
    co_return fail(ErrorKind::not_found, "there is no such caller of that call");
  co_return found->second;
}

Task<Result<Recording>> MemoryStore::load_recording(RecordingId id) {
  std::lock_guard lock(state_->mutex);
  const auto* found = state_->tables.find_recording(id);
  if (found == nullptr) co_return fail(ErrorKind::not_found, "there is no such recording");
  co_return *found;
}

Task<Result<std::vector<Recording>>> MemoryStore::recordings_of(ContextId call) {
  std::lock_guard lock(state_->mutex);
  std::vector<Recording> found;
  for (const auto& recording : state_->tables.recordings)
    if (recording.call == call) found.push_back(recording);
  std::ranges::sort(found, {}, [](const Recording& r) { return std::tie(r.requested_at, r.id); });
  co_return found;
}

Task<Result<std::vector<Recording>>> MemoryStore::list_recordings(RecordingQuery query) {
  std::lock_guard lock(state_->mutex);
  const auto* before = state_->tables.find_recording({query.before_id});
  if (!query.before_id.empty() && before == nullptr)
    co_return fail(ErrorKind::not_found, "there is no recording to list on from");
  const auto age = [](const Recording& r) { return std::tie(r.requested_at, r.id); };
  std::vector<Recording> listed;
  for (const auto& recording : state_->tables.recordings)
    if ((!query.discovery || recording.discovery == *query.discovery) &&
        within(recording.requested_at, query.from, query.to) &&
        (before == nullptr || age(recording) < age(*before)))
      listed.push_back(recording);
  std::ranges::sort(listed, std::greater<>(), age);
  cut_to(listed, query.limit);
  co_return listed;
}

Task<Result<std::vector<RecordingPause>>> MemoryStore::pauses_of(RecordingId id) {
  std::lock_guard lock(state_->mutex);
  std::vector<RecordingPause> found;
  for (const auto& [key, pause] : state_->tables.pauses)
    if (key.first == id) found.push_back(pause);
  co_return found;
}

Task<Result<std::vector<Chunk>>> MemoryStore::chunks_of(RecordingId id) {
  std::lock_guard lock(state_->mutex);
  std::vector<Chunk> found;
  for (const auto& [key, chunk] : state_->tables.chunks)
    if (key.first == id) found.push_back(chunk);
  co_return found;
}

Task<Result<std::vector<RecordingFile>>> MemoryStore::files_of(RecordingId recording) {
  std::lock_guard lock(state_->mutex);
  std::vector<RecordingFile> found;
  for (const auto& [key, file] : state_->tables.files)
    if (key.first == recording) found.push_back(file);
  co_return found;
}

Task<Result<void>> MemoryStore::save_fetch(FileFetch fetch) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  co_return state_->tables.put_fetch(std::move(fetch));
}

Task<Result<void>> MemoryStore::add_merge(Merge merge, NewJob job) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  Changes adding;
  adding.jobs.push_back(std::move(job));
  if (auto checked = state_->tables.check(adding); !checked) co_return checked;
  if (auto put = state_->tables.put_merge(std::move(merge)); !put) co_return put;
  state_->tables.apply(std::move(adding), random_);
  co_return ok();
}

Task<Result<std::vector<Merge>>> MemoryStore::merges_of(RecordingId recording) {
  std::lock_guard lock(state_->mutex);
  std::vector<Merge> found;
  for (const auto& [key, merge] : state_->tables.merges)
    if (key.first == recording) found.push_back(merge);
  co_return found;
}

Task<Result<std::optional<Merge>>> MemoryStore::find_merge(RecordingId recording, int number) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->tables.merges.find({recording, number});
  if (found == state_->tables.merges.end()) co_return std::nullopt;
  co_return found->second;
}

Task<Result<void>> MemoryStore::save_merge(Merge merge) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  co_return state_->tables.save_merge(std::move(merge));
}

Task<Result<int>> MemoryStore::unfinished_merges() {
  std::lock_guard lock(state_->mutex);
  co_return static_cast<int>(std::ranges::count_if(
      state_->tables.merges, [](const auto& entry) { return !is_over(entry.second.state); }));
}

Task<Result<std::vector<Turn>>> MemoryStore::turns_of(ContextId call) {
  std::lock_guard lock(state_->mutex);
  std::vector<Turn> found;
  for (const auto& [key, turn] : state_->tables.turns)
    if (turn.call == call) found.push_back(turn);
  std::ranges::sort(found, {}, [](const Turn& turn) {
    return std::tie(turn.start, turn.end, turn.session_id, turn.item_id);
  });
  co_return found;
}

Task<Result<std::vector<MeasuredDownlink>>> MemoryStore::recent_downlinks(int limit) {
  std::lock_guard lock(state_->mutex);
  std::vector<MeasuredDownlink> found;
  for (const auto& [call, measured] : state_->tables.downlinks) found.push_back(measured);
  std::ranges::sort(found, std::greater<>(),
                    [](const MeasuredDownlink& one) { return std::tie(one.at, one.call); });
  found.resize(std::min(found.size(), static_cast<std::size_t>(std::max(limit, 0))));
  co_return found;
}

Task<Result<TranscriptPage>> MemoryStore::search_transcripts(TranscriptQuery query) {
  const auto text = check_search(query);
  if (!text) co_return Failure(text.error());
  const auto behind = read_cursor(query.cursor);
  const auto comes_before = [](const SearchPosition& a, const SearchPosition& b) {
    if (a.received_at != b.received_at) return a.received_at > b.received_at;
    if (a.context_id != b.context_id) return a.context_id > b.context_id;
    return std::tie(a.start_us, a.session_id, a.item_id) <
           std::tie(b.start_us, b.session_id, b.item_id);
  };
  std::vector<TranscriptHit> hits;
  std::lock_guard lock(state_->mutex);
  for (const auto& [key, turn] : state_->tables.turns) {
    const auto call = state_->tables.calls.find(turn.call);
    const std::string& heard = turn.verified ? turn.verified->text : turn.text;
    if (call == state_->tables.calls.end() || !holds(heard, *text)) continue;
    const auto received_at = call->second.received_at;
    if (!within(received_at, query.from, query.to)) continue;
    TranscriptHit hit{.call = turn.call,
                      .received_at = received_at,
                      .session_id = turn.session_id,
                      .item_id = turn.item_id,
                      .speaker = turn.speaker,
                      .start = turn.start,
                      .end = turn.end,
                      .text = heard};
    if (behind && !comes_before(*behind, position_of(hit))) continue;
    hits.push_back(std::move(hit));
  }
  std::ranges::sort(hits, [&](const TranscriptHit& a, const TranscriptHit& b) {
    return comes_before(position_of(a), position_of(b));
  });
  co_return page_of(std::move(hits), query.limit);
}

Task<Result<std::vector<JournalEntry>>> MemoryStore::journal_of(ContextId call) {
  std::lock_guard lock(state_->mutex);
  std::vector<JournalEntry> found;
  for (const auto& entry : state_->tables.journal)
    if (entry.call == call) found.push_back(entry);
  co_return found;
}

Task<Result<std::vector<Diagnostics>>> MemoryStore::diagnostics_of(ContextId call) {
  std::lock_guard lock(state_->mutex);
  std::vector<Diagnostics> found;
  for (const auto& [whose, diagnostics] : state_->tables.diagnostics)
    if (whose == call) found.push_back(diagnostics);
  co_return found;
}

Task<Result<std::optional<Verdict>>> MemoryStore::verdict_of(ContextId call,
                                                             std::optional<int> number) {
  std::lock_guard lock(state_->mutex);
  std::optional<Verdict> found;
  for (const auto& [key, verdict] : state_->tables.verdicts)
    if (key.first == call && (!number || key.second == *number)) found = verdict;
  co_return found;
}

Task<Result<std::vector<Verdict>>> MemoryStore::verdicts_of(ContextId call) {
  std::lock_guard lock(state_->mutex);
  std::vector<Verdict> found;
  for (const auto& [key, verdict] : state_->tables.verdicts)
    if (key.first == call) found.push_back(verdict);
  co_return found;
}

Task<Result<std::vector<Call>>> MemoryStore::unjudged_calls(UnjudgedQuery query) {
  std::lock_guard lock(state_->mutex);
  std::vector<Call> found;
  for (const auto& [id, call] : state_->tables.calls) {
    const bool wanted = call.phase == CallPhase::ended && (call.connected_at || call.answered_at) &&
                        !call.erased_at && call.received_at >= query.received_since &&
                        call.ended_at && *call.ended_at < query.ended_before;
    if (wanted && !state_->tables.verdicts.contains({id, 1})) found.push_back(call);
  }
  std::ranges::sort(found, {},
                    [](const Call& call) { return std::tie(call.received_at, call.id); });
  cut_to(found, query.limit);
  co_return found;
}

Task<Result<std::vector<CallFacts>>> MemoryStore::call_facts(CallFactsQuery query) {
  std::lock_guard lock(state_->mutex);
  co_return list_call_facts(state_->tables, query);
}

Task<Result<void>> MemoryStore::ping() { co_return ok(); }

Task<Result<StoredAlert>> MemoryStore::load_alert(AlertId id) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->tables.alerts.find(id);
  if (found == state_->tables.alerts.end()) co_return no_such_alert();
  co_return found->second;
}

Task<Result<std::vector<StoredAlert>>> MemoryStore::list_alerts(AlertQuery query) {
  std::lock_guard lock(state_->mutex);
  const auto& alerts = state_->tables.alerts;
  const auto order = [](const StoredAlert& stored) { return std::tie(stored.alert.at, stored.id); };
  const auto before = alerts.find({query.before_id});
  if (!query.before_id.empty() && before == alerts.end())
    co_return fail(ErrorKind::not_found, "there is no alert to list on from");
  std::vector<StoredAlert> found;
  for (const auto& [id, stored] : alerts)
    if ((!query.state || stored.state == *query.state) &&
        (query.call.empty() || stored.alert.call == query.call) &&
        (before == alerts.end() || order(stored) < order(before->second)))
      found.push_back(stored);
  std::ranges::sort(found, std::greater<>(), order);
  cut_to(found, query.limit);
  co_return found;
}

Task<Result<void>> MemoryStore::save_deliveries(AlertId id, AlertState state,
                                                std::vector<AlertDelivery> deliveries) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  const auto found = state_->tables.alerts.find(id);
  if (found == state_->tables.alerts.end()) co_return no_such_alert();
  found->second.state = state;
  auto& kept = found->second.deliveries;
  for (auto& delivery : deliveries) {
    delivery.last_error = mend_text(delivery.last_error);
    const auto same = std::ranges::find(kept, delivery.endpoint, &AlertDelivery::endpoint);
    if (same == kept.end())
      kept.push_back(std::move(delivery));
    else
      *same = std::move(delivery);
  }
  std::ranges::sort(kept, {}, &AlertDelivery::endpoint);
  co_return ok();
}

Task<Result<void>> MemoryStore::retry_alert(AlertId id, WallTime now) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->tables.alerts.find(id);
  if (found == state_->tables.alerts.end()) co_return no_such_alert();
  if (found->second.state != AlertState::dead)
    co_return fail(ErrorKind::conflict,
                   "nothing of the alert is dead, so there is nothing to retry");
  for (auto& delivery : found->second.deliveries) {
    if (delivery.state != DeliveryState::dead) continue;
    delivery.state = DeliveryState::waiting;
    delivery.attempts = 0;
    delivery.next_at = now;
    state_->tables.disabled_webhooks.erase(delivery.endpoint);
  }
  found->second.state = AlertState::waiting;
  state_->tables.add_job(delivery_job(id, now), random_);
  co_return ok();
}

Task<Result<void>> MemoryStore::disable_webhook(DisabledWebhook webhook) {
  std::lock_guard lock(state_->mutex);
  state_->tables.disabled_webhooks.emplace(webhook.endpoint, webhook);
  co_return ok();
}

Task<Result<std::vector<DisabledWebhook>>> MemoryStore::disabled_webhooks() {
  std::lock_guard lock(state_->mutex);
  std::vector<DisabledWebhook> found;
  for (const auto& [endpoint, webhook] : state_->tables.disabled_webhooks) found.push_back(webhook);
  co_return found;
}

Task<Result<int>> MemoryStore::purge_alerts(WallTime before) {
  std::lock_guard lock(state_->mutex);
  auto& tables = state_->tables;
  const auto gone = std::erase_if(tables.alerts, [&](const auto& entry) {
    return entry.second.alert.at < before && entry.second.state != AlertState::waiting;
  });
  std::erase_if(tables.alert_keys,
                [&](const auto& entry) { return !tables.alerts.contains(entry.second); });
  co_return static_cast<int>(gone);
}

Task<Result<std::optional<Job>>> MemoryStore::lease(std::string runner, WallTime now,
                                                    WallTime until) {
  std::lock_guard lock(state_->mutex);
  StoredJob* longest = nullptr;
  for (auto& [id, stored] : state_->tables.jobs) {
    const bool due = (stored.state == JobState::waiting && stored.job.due <= now) ||
                     (stored.state == JobState::leased && stored.job.leased_until <= now);
    if (due && (longest == nullptr || stored.job.due < longest->job.due)) longest = &stored;
  }
  if (longest == nullptr) co_return std::optional<Job>();
  longest->state = JobState::leased;
  longest->runner = runner;
  longest->job.leased_until = until;
  std::optional<Job> leased(longest->job);
  ++longest->job.attempts;
  co_return leased;
}

Task<Result<void>> MemoryStore::extend(JobId id, std::string runner, WallTime until) {
  std::lock_guard lock(state_->mutex);
  auto* stored = state_->tables.find_leased(id, runner);
  if (stored == nullptr) co_return lease_lost();
  stored->job.leased_until = until;
  co_return ok();
}

Task<Result<void>> MemoryStore::complete(JobId id, std::string runner) {
  std::lock_guard lock(state_->mutex);
  if (state_->tables.find_leased(id, runner) == nullptr) co_return lease_lost();
  state_->tables.jobs.erase(id);
  co_return ok();
}

Task<Result<void>> MemoryStore::retry(JobId id, std::string runner, WallTime due, std::string error,
                                      std::string payload) {
  std::lock_guard lock(state_->mutex);
  auto* stored = state_->tables.find_leased(id, runner);
  if (stored == nullptr) co_return lease_lost();
  stored->state = JobState::waiting;
  stored->runner.clear();
  stored->job.leased_until = {};
  stored->job.due = due;
  stored->job.last_error = mend_text(error);
  if (!payload.empty()) stored->job.payload = mend_text(payload);
  co_return ok();
}

Task<Result<void>> MemoryStore::give_up(JobId id, std::string runner, std::string error) {
  std::lock_guard lock(state_->mutex);
  auto* stored = state_->tables.find_leased(id, runner);
  if (stored == nullptr) co_return lease_lost();
  stored->state = JobState::given_up;
  stored->job.leased_until = {};
  stored->job.last_error = mend_text(error);
  co_return ok();
}

Task<Result<std::optional<WallTime>>> MemoryStore::next_due() {
  std::lock_guard lock(state_->mutex);
  std::optional<WallTime> next;
  for (const auto& [id, stored] : state_->tables.jobs)
    if (stored.state == JobState::waiting && (!next || stored.job.due < *next))
      next = stored.job.due;
  co_return next;
}

Task<Result<std::vector<Job>>> MemoryStore::given_up(int limit) {
  std::lock_guard lock(state_->mutex);
  std::vector<Job> found;
  for (const auto& [id, stored] : state_->tables.jobs)
    if (stored.state == JobState::given_up) found.push_back(stored.job);
  std::ranges::sort(found, std::greater<>(),
                    [](const Job& job) { return std::tie(job.due, job.id); });
  cut_to(found, limit);
  co_return found;
}

}  // namespace earshot::store
