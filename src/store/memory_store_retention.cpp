// Of MemoryStore: holds, how far the rules have come, receipts of erasures.
#include "store/detail/memory_state.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace earshot::store {
namespace {

// Erases what `wanted` says, and counts it under `table`.
template <class Map, class Wanted>
void take_out(std::vector<RowCount>& counts, const char* table, Map& map, Wanted wanted) {
  const auto gone = std::erase_if(map, wanted);
  if (gone > 0) counts.push_back({table, static_cast<std::int64_t>(gone)});
}

bool is_of_call(const InboundEvent& event, const Call& call) {
  if (event.context_id == call.id) return true;
  const auto* ring = std::get_if<IncomingCall>(&event.body);
  return ring != nullptr && !call.correlation_id.empty() &&
         ring->correlation_id == call.correlation_id;
}

bool is_newer(const LegalHold& a, const LegalHold& b) {
  return std::tie(a.since, a.id) > std::tie(b.since, b.id);
}

bool is_on_hold(const MemoryTables& tables, const ContextId& call) {
  return std::ranges::any_of(tables.holds, [&](const auto& entry) {
    return entry.second.call == call && !entry.second.lifted_at;
  });
}

Result<void> refuse_of_held(const MemoryTables& tables, const ContextId& call,
                            const RowRemoval& rows) {
  const bool some = rows.chunks || rows.merges || rows.texts || rows.personal;
  if (!some || !is_on_hold(tables, call)) return ok();
  return fail(ErrorKind::conflict, "the call is on hold, so its rows stay");
}

}  // namespace

std::vector<RowCount> MemoryTables::remove_rows(const ContextId& call, const RowRemoval& rows) {
  std::vector<RowCount> counts;
  const auto of_call = [&](const RecordingId& id) {
    const auto* recording = find_recording(id);
    return recording != nullptr && recording->call == call;
  };
  if (rows.chunks) {
    take_out(counts, "file_locations", files,
             [&](const auto& entry) { return of_call(entry.first.first); });
    take_out(counts, "chunks", chunks,
             [&](const auto& entry) { return of_call(entry.first.first); });
  }
  if (rows.merges)
    take_out(counts, "merges", merges,
             [&](const auto& entry) { return of_call(entry.first.first); });
  if (rows.texts)
    take_out(counts, "turns", turns, [&](const auto& entry) { return entry.second.call == call; });
  if (!rows.personal) return counts;
  std::int64_t raw = 0;
  const auto known = calls.find(call);
  for (auto& [number, event] : events) {
    if (known == calls.end() || event.stored.event.raw.empty()) continue;
    if (!is_of_call(event.stored.event, known->second)) continue;
    event.stored.event.raw.clear();
    ++raw;
  }
  if (raw > 0) counts.push_back({"journal_raw", raw});
  take_out(counts, "personal", personal, [&](const auto& entry) { return entry.first == call; });
  return counts;
}

Task<Result<void>> MemoryStore::add_hold(LegalHold hold) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  if (!state_->tables.calls.contains(hold.call))
    co_return fail(ErrorKind::not_found, "there is no such call");
  for (auto* text : {&hold.who, &hold.why, &hold.lifted_by}) *text = mend_text(*text);
  state_->tables.retention_reminders[hold.call] = hold.since;
  state_->tables.holds[hold.id] = std::move(hold);
  co_return ok();
}

Task<Result<LegalHold>> MemoryStore::lift_hold(HoldId id, std::string by, WallTime at) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  const auto found = state_->tables.holds.find(id);
  if (found == state_->tables.holds.end())
    co_return fail(ErrorKind::not_found, "there is no such hold");
  auto& hold = found->second;
  if (hold.lifted_at) co_return hold;
  hold.lifted_at = at;
  hold.lifted_by = mend_text(by);
  state_->tables.retention_reminders[hold.call] = at;
  co_return hold;
}

Task<Result<std::vector<LegalHold>>> MemoryStore::list_holds(HoldQuery query) {
  std::lock_guard lock(state_->mutex);
  std::vector<LegalHold> found;
  for (const auto& [id, hold] : state_->tables.holds)
    if ((query.call.empty() || hold.call == query.call) && (query.lifted_too || !hold.lifted_at))
      found.push_back(hold);
  std::ranges::sort(found, is_newer);
  cut_to(found, query.limit);
  co_return found;
}

Task<Result<bool>> MemoryStore::is_held(ContextId call) {
  std::lock_guard lock(state_->mutex);
  co_return is_on_hold(state_->tables, call);
}

Task<Result<std::vector<Call>>> MemoryStore::calls_after(RetentionCursor cursor, WallTime before,
                                                         int limit) {
  std::lock_guard lock(state_->mutex);
  std::vector<Call> found;
  for (const auto& [id, call] : state_->tables.calls)
    if (call.received_at < before &&
        std::tie(call.received_at, call.id) > std::tie(cursor.received_at, cursor.call))
      found.push_back(call);
  std::ranges::sort(found, {},
                    [](const Call& call) { return std::tie(call.received_at, call.id); });
  cut_to(found, limit);
  co_return found;
}

Task<Result<RetentionCursor>> MemoryStore::retention_cursor(std::string rules) {
  std::lock_guard lock(state_->mutex);
  if (rules != state_->tables.retention_rules) co_return RetentionCursor{};
  co_return state_->tables.retention_cursor;
}

Task<Result<void>> MemoryStore::save_retention_cursor(std::string rules, RetentionCursor cursor) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  state_->tables.retention_rules = std::move(rules);
  state_->tables.retention_cursor = std::move(cursor);
  co_return ok();
}

Task<Result<std::vector<Call>>> MemoryStore::retention_due(WallTime now, int limit) {
  std::lock_guard lock(state_->mutex);
  std::vector<std::pair<WallTime, ContextId>> due;
  for (const auto& [call, at] : state_->tables.retention_reminders)
    if (at <= now) due.emplace_back(at, call);
  std::ranges::sort(due);
  cut_to(due, limit);
  std::vector<Call> found;
  found.reserve(due.size());
  for (const auto& [at, call] : due) found.push_back(state_->tables.calls.at(call));
  co_return found;
}

Task<Result<std::vector<RowCount>>> MemoryStore::settle_retention(RetentionOutcome outcome) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  auto& tables = state_->tables;
  if (!tables.calls.contains(outcome.call))
    co_return fail(ErrorKind::not_found, "there is no such call");
  if (auto may = refuse_of_held(tables, outcome.call, outcome.rows); !may)
    co_return Failure(may.error());
  auto counts = tables.remove_rows(outcome.call, outcome.rows);
  Changes writing;
  writing.journal = std::move(outcome.journal);
  tables.apply(std::move(writing), random_);
  if (outcome.next_at)
    tables.retention_reminders[outcome.call] = *outcome.next_at;
  else
    tables.retention_reminders.erase(outcome.call);
  co_return counts;
}

Task<Result<std::vector<ContextId>>> MemoryStore::calls_of_caller(std::string caller, int limit) {
  std::lock_guard lock(state_->mutex);
  std::vector<std::pair<WallTime, ContextId>> found;
  for (const auto& [id, personal] : state_->tables.personal)
    if (!caller.empty() && personal.caller == caller)
      found.emplace_back(state_->tables.calls.at(id).received_at, id);
  std::ranges::sort(found);
  if (found.size() > static_cast<std::size_t>(std::max(0, limit)))
    found.resize(static_cast<std::size_t>(std::max(0, limit)));
  std::vector<ContextId> calls;
  calls.reserve(found.size());
  for (auto& [at, id] : found) calls.push_back(std::move(id));
  co_return calls;
}

Task<Result<void>> MemoryStore::add_erasure(Erasure erasure, NewJob job) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  Changes adding;
  adding.jobs.push_back(std::move(job));
  if (auto checked = state_->tables.check(adding); !checked) co_return checked;
  std::ranges::sort(erasure.calls, {}, &ErasedCall::call);
  state_->tables.erasures[erasure.id] = std::move(erasure);
  state_->tables.apply(std::move(adding), random_);
  co_return ok();
}

Task<Result<Erasure>> MemoryStore::load_erasure(ErasureId id) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->tables.erasures.find(id);
  if (found == state_->tables.erasures.end())
    co_return fail(ErrorKind::not_found, "there is no such erasure");
  co_return found->second;
}

Task<Result<std::vector<Erasure>>> MemoryStore::list_erasures(int limit) {
  std::lock_guard lock(state_->mutex);
  std::vector<Erasure> found;
  found.reserve(state_->tables.erasures.size());
  for (const auto& [id, erasure] : state_->tables.erasures) found.push_back(erasure);
  std::ranges::sort(found, [](const Erasure& a, const Erasure& b) {
    return std::tie(a.at, a.id) > std::tie(b.at, b.id);
  });
  cut_to(found, limit);
  co_return found;
}

Task<Result<ErasedCall>> MemoryStore::save_erased_call(ErasureId id, ErasedCall call,
                                                       RowRemoval rows) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  const auto found = state_->tables.erasures.find(id);
  if (found == state_->tables.erasures.end())
    co_return fail(ErrorKind::not_found, "there is no such erasure");
  if (auto may = refuse_of_held(state_->tables, call.call, rows); !may)
    co_return Failure(may.error());
  state_->tables.mark_erased(id, call);
  std::ranges::move(state_->tables.remove_rows(call.call, rows), std::back_inserter(call.rows));
  auto& calls = found->second.calls;
  const auto stored = std::ranges::find(calls, call.call, &ErasedCall::call);
  if (stored == calls.end())
    calls.push_back(call);
  else
    *stored = call;
  std::ranges::sort(calls, {}, &ErasedCall::call);
  co_return call;
}

Task<Result<bool>> MemoryStore::clear_search_index() {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  co_return false;  // it has none
}

Task<Result<void>> MemoryStore::finish_erasure(ErasureId id, WallTime at, std::string receipt,
                                               std::vector<PlannedErasure> looks) {
  std::lock_guard lock(state_->mutex);
  if (state_->must_fail()) co_return away();
  const auto found = state_->tables.erasures.find(id);
  if (found == state_->tables.erasures.end())
    co_return fail(ErrorKind::not_found, "there is no such erasure");
  if (found->second.finished_at) co_return ok();
  found->second.finished_at = at;
  state_->tables.erasure_receipts[id] = std::move(receipt);
  Changes adding;
  adding.jobs.reserve(looks.size());
  for (auto& look : looks) {
    state_->tables.erasures[look.erasure.id] = std::move(look.erasure);
    adding.jobs.push_back(std::move(look.job));
  }
  state_->tables.apply(std::move(adding), random_);
  co_return ok();
}

Task<Result<std::string>> MemoryStore::erasure_receipt(ErasureId id) {
  std::lock_guard lock(state_->mutex);
  if (!state_->tables.erasures.contains(id))
    co_return fail(ErrorKind::not_found, "there is no such erasure");
  const auto found = state_->tables.erasure_receipts.find(id);
  co_return found == state_->tables.erasure_receipts.end() ? std::string() : found->second;
}

}  // namespace earshot::store
