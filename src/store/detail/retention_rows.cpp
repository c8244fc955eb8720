#include "store/detail/retention_rows.hpp"

#include "store/detail/call_rows.hpp"
#include "store/detail/journal_rows.hpp"
#include "store/detail/stored_text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::store {
namespace {

// An incoming call's event bears no context id: it is told by its time and the id it names.
constexpr Duration ring_event_slack = std::chrono::minutes(10);

long long bounded(int limit) { return std::clamp(limit, 0, list_limit_max); }

std::vector<LegalHold> query_holds(Connection& connection, std::string_view rest,
                                   const Params& params) {
  const auto sql = fmt::format(
      "SELECT hold_id, context_id, who, why, since_at, lifted_at, lifted_by FROM holds {}", rest);
  std::vector<LegalHold> holds;
  for (auto& row : connection.query(sql, 7, params)) {
    LegalHold hold;
    hold.id.text = row.text();
    hold.call.text = row.text();
    hold.who = row.text();
    hold.why = row.text();
    hold.since = row.time();
    hold.lifted_at = row.time_or_none();
    hold.lifted_by = row.text();
    holds.push_back(std::move(hold));
  }
  return holds;
}

void put_reminder(Connection& connection, const ContextId& call, std::optional<WallTime> next_at) {
  if (!next_at) {
    connection.execute("DELETE FROM retention_reminders WHERE context_id = :context_id",
                       {{"context_id", call}});
    return;
  }
  connection.execute(
      "INSERT INTO retention_reminders (context_id, next_at) VALUES (:context_id, :next_at) ON "
      "CONFLICT (context_id) DO UPDATE SET next_at = excluded.next_at",
      {{"context_id", call}, {"next_at", *next_at}});
}

bool is_empty(const RowRemoval& rows) {
  return !rows.chunks && !rows.merges && !rows.texts && !rows.personal;
}

// A hold that another replica is adding at this moment refers to the call, so waits for its row, or
// is waited for here.
void refuse_of_held(Connection& connection, const ContextId& call) {
  connection.query(
      spell(connection.database(),
            "SELECT context_id FROM calls WHERE context_id = :context_id {{for_update}}"),
      1, {{"context_id", call}});
  if (is_held(connection, call))
    throw DatabaseError(
        {.kind = ErrorKind::conflict, .message = "the call is on hold, so its rows stay"}, false);
}

class Remover {
 public:
  Remover(Connection& connection, const ContextId& call) : connection_(connection), call_(call) {}

  void remove(std::string_view table) {
    count(table,
          connection_.execute(fmt::format("DELETE FROM {} WHERE context_id = :context_id", table),
                              {{"context_id", call_}}));
  }
  void remove_raw_events() {
    const auto call = find_call(connection_, call_);
    auto gone = connection_.execute(
        "DELETE FROM journal_raw WHERE event_number IN (SELECT number FROM events WHERE "
        "substr(context_id, 1, 64) = :context_id)",
        {{"context_id", call_}});
    if (call && !call->correlation_id.empty())
      gone += connection_.execute(
          "DELETE FROM journal_raw WHERE event_number IN (SELECT number FROM events WHERE "
          "received_at >= :from_at AND received_at <= :to_at AND type LIKE '%IncomingCall') AND "
          "raw LIKE :wanted",
          {{"from_at", call->received_at - ring_event_slack},
           {"to_at", call->received_at + ring_event_slack},
           {"wanted", fmt::format("%{}%", call->correlation_id.text)}});
    count("journal_raw", gone);
  }
  std::vector<RowCount> take() { return std::move(counts_); }

 private:
  void count(std::string_view table, long long rows) {
    if (rows > 0) counts_.push_back({std::string(table), rows});
  }
  Connection& connection_;
  const ContextId& call_;
  std::vector<RowCount> counts_;
};

}  // namespace

void put_hold(Connection& connection, const LegalHold& hold) {
  require_call(connection, hold.call);
  connection.execute(
      "INSERT INTO holds (hold_id, context_id, who, why, since_at, lifted_at, lifted_by) VALUES "
      "(:hold_id, :context_id, :who, :why, :since_at, :lifted_at, :lifted_by)",
      {{"hold_id", hold.id},
       {"context_id", hold.call},
       {"who", mend_text(hold.who)},
       {"why", mend_text(hold.why)},
       {"since_at", hold.since},
       {"lifted_at", hold.lifted_at},
       {"lifted_by", mend_text(hold.lifted_by)}});
  put_reminder(connection, hold.call, hold.since);
}

LegalHold lift_hold(Connection& connection, const HoldId& id, const std::string& by, WallTime at) {
  auto found = is_storable_id(id.text)
                   ? query_holds(connection, "WHERE hold_id = :hold_id", {{"hold_id", id}})
                   : std::vector<LegalHold>{};
  if (found.empty())
    throw DatabaseError({.kind = ErrorKind::not_found, .message = "there is no such hold"}, false);
  auto hold = std::move(found.front());
  if (hold.lifted_at) return hold;
  hold.lifted_at = at;
  hold.lifted_by = mend_text(by);
  connection.execute(
      "UPDATE holds SET lifted_at = :lifted_at, lifted_by = :lifted_by WHERE hold_id = :hold_id",
      {{"lifted_at", hold.lifted_at}, {"lifted_by", hold.lifted_by}, {"hold_id", id}});
  put_reminder(connection, hold.call, at);
  return hold;
}

std::vector<LegalHold> list_holds(Connection& connection, const HoldQuery& query) {
  std::string where = "WHERE 1 = 1";
  Params params{{"limit", bounded(query.limit)}};
  if (!query.lifted_too) where += " AND lifted_at IS NULL";
  if (!query.call.empty()) {
    if (!is_storable_id(query.call.text, context_id_bytes_max)) return {};
    where += " AND context_id = :context_id";
    params.emplace_back("context_id", query.call);
  }
  return query_holds(connection, where + " ORDER BY since_at DESC, hold_id DESC LIMIT :limit",
                     params);
}

bool is_held(Connection& connection, const ContextId& call) {
  return !list_holds(connection, {.call = call, .limit = 1}).empty();
}

std::vector<Call> calls_after(Connection& connection, const RetentionCursor& cursor,
                              WallTime before, int limit) {
  std::vector<Call> calls;
  const auto rows = connection.query(
      "SELECT context_id FROM calls WHERE received_at < :before AND (received_at > :at OR "
      "(received_at = :at AND context_id > :context_id)) ORDER BY received_at, context_id LIMIT "
      ":limit",
      1,
      {{"before", before},
       {"at", cursor.received_at},
       {"context_id", cursor.call},
       {"limit", bounded(limit)}});
  calls.reserve(rows.size());
  for (auto row : rows)
    if (auto call = find_call(connection, {row.text()})) calls.push_back(std::move(*call));
  return calls;
}

RetentionCursor retention_cursor(Connection& connection, const std::string& rules) {
  auto rows =
      connection.query("SELECT received_at, context_id FROM retention_cursor WHERE rules = :rules",
                       2, {{"rules", rules}});
  if (rows.empty()) return {};
  RetentionCursor cursor;
  cursor.received_at = rows.front().time();
  cursor.call.text = rows.front().text();
  return cursor;
}

void put_retention_cursor(Connection& connection, const std::string& rules,
                          const RetentionCursor& cursor) {
  connection.execute("DELETE FROM retention_cursor");
  connection.execute(
      "INSERT INTO retention_cursor (rules, received_at, context_id) VALUES (:rules, :received_at, "
      ":context_id) ON CONFLICT (rules) DO UPDATE SET received_at = excluded.received_at, "
      "context_id = excluded.context_id",
      {{"rules", rules}, {"received_at", cursor.received_at}, {"context_id", cursor.call}});
}

std::vector<Call> retention_due(Connection& connection, WallTime now, int limit) {
  std::vector<Call> calls;
  const auto rows = connection.query(
      "SELECT context_id FROM retention_reminders WHERE next_at <= :now ORDER BY next_at, "
      "context_id LIMIT :limit",
      1, {{"now", now}, {"limit", bounded(limit)}});
  calls.reserve(rows.size());
  for (auto row : rows)
    if (auto call = find_call(connection, {row.text()})) calls.push_back(std::move(*call));
  return calls;
}

void remind_of_retention(Connection& connection, const ContextId& call, WallTime at) {
  connection.execute(
      "INSERT INTO retention_reminders (context_id, next_at) VALUES (:context_id, :next_at) ON "
      "CONFLICT (context_id) DO UPDATE SET next_at = excluded.next_at WHERE excluded.next_at < "
      "retention_reminders.next_at",
      {{"context_id", call}, {"next_at", at}});
}

std::vector<RowCount> settle_retention(Connection& connection, const RetentionOutcome& outcome) {
  require_call(connection, outcome.call);
  auto counts = remove_rows(connection, outcome.call, outcome.rows);
  for (const auto& entry : outcome.journal) append_journal(connection, entry);
  put_reminder(connection, outcome.call, outcome.next_at);
  return counts;
}

std::vector<RowCount> remove_rows(Connection& connection, const ContextId& call,
                                  const RowRemoval& rows) {
  if (is_empty(rows)) return {};
  refuse_of_held(connection, call);
  Remover remover(connection, call);
  if (rows.chunks)
    for (const auto* table : {"file_fetches", "file_locations", "chunks"}) remover.remove(table);
  if (rows.merges) remover.remove("merges");
  if (rows.texts)
    for (const auto* table : {"turn_texts", "turns"}) remover.remove(table);
  if (rows.personal) {
    remover.remove_raw_events();
    remover.remove("personal");
  }
  return remover.take();
}

std::vector<ContextId> calls_of_caller(Connection& connection, const std::string& caller,
                                       int limit) {
  if (caller.empty()) return {};
  std::vector<ContextId> calls;
  auto rows = connection.query(
      "SELECT p.context_id FROM personal p JOIN calls c ON c.context_id = p.context_id WHERE "
      "substr(p.caller, 1, 64) = substr(CAST(:caller AS TEXT), 1, 64) AND p.caller = :caller ORDER "
      "BY "
      "c.received_at, p.context_id LIMIT :limit",
      1, {{"caller", mend_text(caller)}, {"limit", static_cast<long long>(std::max(0, limit))}});
  calls.reserve(rows.size());
  for (auto& row : rows) calls.push_back({row.text()});
  return calls;
}

}  // namespace earshot::store
