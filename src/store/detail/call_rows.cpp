#include "store/detail/call_rows.hpp"

#include "store/detail/id_list.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/words.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::store {
namespace {

constexpr std::string_view columns =
    "context_id, phase, correlation_id, server_call_id, connection_id, ring_key, link_key, "
    "answer_request_id, answer_first_sent, resource, received_at, rang_at, answered_at, "
    "connected_at, ended_at, end_reason, end_code, end_sub_code, recording_wish, recording_phase, "
    "recording_id, recording_start_request_id, recording_start_first_sent, recording_starts, "
    "recording_state_event_seen, media_connected, media_restarts, consent, is_private, "
    "recording_start_paused, notice_from_us, notice_to_us, notice_samples, notice_rate_hz, "
    "notice_text_sha256, erased_at, CASE WHEN erased_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
    "erasure_calls e WHERE e.context_id = calls.context_id AND e.state = 'erased') THEN 1 ELSE 0 "
    "END, version";
constexpr std::size_t column_count = 38;

constexpr std::string_view insert_call =
    "INSERT INTO calls (context_id, phase, correlation_id, server_call_id, connection_id, "
    "ring_key, "
    "link_key, answer_request_id, answer_first_sent, resource, received_at, rang_at, answered_at, "
    "connected_at, ended_at, end_reason, end_code, end_sub_code, recording_wish, recording_phase, "
    "recording_id, recording_start_request_id, recording_start_first_sent, recording_starts, "
    "recording_state_event_seen, media_connected, media_restarts, consent, is_private, "
    "recording_start_paused, notice_from_us, notice_to_us, notice_samples, notice_rate_hz, "
    "notice_text_sha256, version) VALUES (:context_id, "
    ":phase, :correlation_id, :server_call_id, :connection_id, :ring_key, :link_key, "
    ":answer_request_id, :answer_first_sent, :resource, :received_at, :rang_at, :answered_at, "
    ":connected_at, :ended_at, :end_reason, :end_code, :end_sub_code, :recording_wish, "
    ":recording_phase, :recording_id, :recording_start_request_id, :recording_start_first_sent, "
    ":recording_starts, :recording_state_event_seen, :media_connected, :media_restarts, :consent, "
    ":is_private, :recording_start_paused, :notice_from_us, :notice_to_us, :notice_samples, "
    ":notice_rate_hz, :notice_text_sha256, 1) "
    "ON CONFLICT DO NOTHING";

constexpr std::string_view update_call =
    "UPDATE calls SET phase = :phase, correlation_id = :correlation_id, server_call_id = "
    ":server_call_id, connection_id = :connection_id, ring_key = :ring_key, link_key = :link_key, "
    "answer_request_id = :answer_request_id, answer_first_sent = :answer_first_sent, "
    "received_at = :received_at, rang_at = :rang_at, answered_at = :answered_at, "
    "connected_at = :connected_at, ended_at = :ended_at, end_reason = :end_reason, end_code = "
    ":end_code, end_sub_code = :end_sub_code, recording_wish = :recording_wish, recording_phase = "
    ":recording_phase, recording_id = :recording_id, recording_start_request_id = "
    ":recording_start_request_id, recording_start_first_sent = :recording_start_first_sent, "
    "recording_starts = :recording_starts, recording_state_event_seen = "
    ":recording_state_event_seen, media_connected = :media_connected, media_restarts = "
    ":media_restarts, consent = :consent, is_private = :is_private, recording_start_paused = "
    ":recording_start_paused, notice_from_us = :notice_from_us, notice_to_us = :notice_to_us, "
    "notice_samples = :notice_samples, notice_rate_hz = :notice_rate_hz, notice_text_sha256 = "
    ":notice_text_sha256, version = version + 1 WHERE context_id = :context_id AND version = "
    ":version";

std::optional<long long> notice_number(const Call& call, auto number_of) {
  if (!call.notice) return std::nullopt;
  return static_cast<long long>(number_of(*call.notice));
}

Params params_of(const Call& call) {
  return {{"context_id", call.id},
          {"phase", to_word(call.phase)},
          {"correlation_id", call.correlation_id},
          {"server_call_id", call.server_call_id},
          {"connection_id", call.connection_id},
          {"ring_key", call.ring_key},
          {"link_key", call.link_key},
          {"answer_request_id", call.answer_request_id},
          {"answer_first_sent", call.answer_first_sent},
          {"received_at", call.received_at},
          {"rang_at", call.rang_at},
          {"answered_at", call.answered_at},
          {"connected_at", call.connected_at},
          {"ended_at", call.ended_at},
          {"end_reason", mend_text(call.end_reason)},
          {"end_code", static_cast<long long>(call.end_code)},
          {"end_sub_code", static_cast<long long>(call.end_sub_code)},
          {"recording_wish", to_word(call.recording_wish)},
          {"recording_phase", to_word(call.recording_phase)},
          {"recording_id", call.recording_id},
          {"recording_start_request_id", call.recording_start_request_id},
          {"recording_start_first_sent", call.recording_start_first_sent},
          {"recording_starts", static_cast<long long>(call.recording_starts)},
          {"recording_state_event_seen", call.recording_state_event_seen ? 1LL : 0LL},
          {"media_connected", call.media_connected ? 1LL : 0LL},
          {"media_restarts", static_cast<long long>(call.media_restarts)},
          {"consent", to_word(call.consent)},
          {"is_private", call.is_private ? 1LL : 0LL},
          {"recording_start_paused", call.recording_start_paused ? 1LL : 0LL},
          {"notice_from_us", notice_number(call, [](const auto& n) { return n.from.count(); })},
          {"notice_to_us", notice_number(call, [](const auto& n) { return n.to.count(); })},
          {"notice_samples", notice_number(call, [](const auto& n) { return n.samples; })},
          {"notice_rate_hz", notice_number(call, [](const auto& n) { return n.rate_hz; })},
          {"notice_text_sha256", call.notice ? call.notice->text_sha256 : std::string()}};
}

std::optional<PlayedNotice> read_notice(Row& row) {
  const auto from = row.number_or_none();
  const auto to = row.number_or_none();
  const auto samples = row.number_or_none();
  const auto rate = row.number_or_none();
  auto text_sha256 = row.text();
  if (!from || !to) return std::nullopt;
  return PlayedNotice{.from = Duration(*from),
                      .to = Duration(*to),
                      .samples = samples.value_or(0),
                      .rate_hz = static_cast<std::uint32_t>(rate.value_or(0)),
                      .text_sha256 = std::move(text_sha256)};
}

Call read_call(Row& row) {
  Call call;
  call.id.text = row.text();
  from_word(row.text(), call.phase);
  call.correlation_id.text = row.text();
  call.server_call_id.text = row.text();
  call.connection_id.text = row.text();
  call.ring_key = row.text();
  call.link_key = row.text();
  call.answer_request_id = row.text();
  call.answer_first_sent = row.time_or_none();
  call.resource = row.text();
  call.received_at = row.time();
  call.rang_at = row.time_or_none();
  call.answered_at = row.time_or_none();
  call.connected_at = row.time_or_none();
  call.ended_at = row.time_or_none();
  call.end_reason = row.text();
  call.end_code = static_cast<int>(row.number());
  call.end_sub_code = static_cast<int>(row.number());
  from_word(row.text(), call.recording_wish);
  from_word(row.text(), call.recording_phase);
  call.recording_id.text = row.text();
  call.recording_start_request_id = row.text();
  call.recording_start_first_sent = row.time_or_none();
  call.recording_starts = static_cast<int>(row.number());
  call.recording_state_event_seen = row.flag();
  call.media_connected = row.flag();
  call.media_restarts = static_cast<int>(row.number());
  from_word(row.text(), call.consent);
  call.is_private = row.flag();
  call.recording_start_paused = row.flag();
  call.notice = read_notice(row);
  call.erased_at = row.time_or_none();
  call.erasing = row.flag();
  call.version = static_cast<int>(row.number());
  return call;
}

std::vector<Call> query_calls(Connection& connection, std::string_view rest, const Params& params) {
  const auto sql = fmt::format("SELECT {} FROM calls {}", columns, rest);
  std::vector<Call> calls;
  for (auto& row : connection.query(sql, column_count, params)) calls.push_back(read_call(row));
  return calls;
}

std::vector<CallPersonal> query_personal(Connection& connection, std::string_view where,
                                         const Params& params) {
  const auto sql =
      fmt::format("SELECT context_id, caller, called, caller_name FROM personal WHERE {}", where);
  std::vector<CallPersonal> found;
  for (auto& row : connection.query(sql, 4, params)) {
    CallPersonal personal{.call = {row.text()}};
    personal.caller = row.text();
    personal.called = row.text();
    personal.caller_name = row.text();
    found.push_back(std::move(personal));
  }
  return found;
}

std::optional<Call> first_of(std::vector<Call> calls) {
  if (calls.empty()) return std::nullopt;
  return std::move(calls.front());
}

std::string_view column_of(CallKey key) {
  switch (key) {
    case CallKey::ring_key:
      return "ring_key";
    case CallKey::correlation:
      return "correlation_id";
    case CallKey::connection:
      return "connection_id";
    case CallKey::server_call:
      return "server_call_id";
  }
  return "context_id";
}

}  // namespace

void put_call(Connection& connection, const Call& call) {
  auto params = params_of(call);
  // A call stays with the resource that it came in on: only the first commit writes it.
  if (call.version == 0)
    params.emplace_back("resource", mend_text(call.resource));
  else
    params.emplace_back("version", static_cast<long long>(call.version));
  if (connection.execute(call.version == 0 ? insert_call : update_call, params) == 1) return;
  throw DatabaseError(
      {.kind = ErrorKind::conflict,
       .message = call.version == 0 ? "the call, or one of the same ring, is stored already"
                                    : "the call was changed by somebody else meanwhile"},
      false);
}

void put_personal(Connection& connection, const CallPersonal& personal) {
  require_call(connection, personal.call);
  connection.execute(
      "INSERT INTO personal (context_id, caller, called, caller_name) VALUES (:context_id, "
      ":caller, "
      ":called, :caller_name) ON CONFLICT (context_id) DO UPDATE SET caller = excluded.caller, "
      "called = excluded.called, caller_name = excluded.caller_name",
      {{"context_id", personal.call},
       {"caller", mend_text(personal.caller)},
       {"called", mend_text(personal.called)},
       {"caller_name", mend_text(personal.caller_name)}});
}

void require_call(Connection& connection, const ContextId& id) {
  const Params params{{"context_id", id}};
  if (connection.query("SELECT version FROM calls WHERE context_id = :context_id", 1, params)
          .empty())
    throw DatabaseError({.kind = ErrorKind::not_found, .message = "there is no such call"}, false);
}

std::optional<Call> find_call(Connection& connection, const ContextId& id) {
  if (!is_storable_id(id.text, context_id_bytes_max)) return std::nullopt;
  return first_of(query_calls(connection, "WHERE context_id = :context_id", {{"context_id", id}}));
}

std::optional<Call> find_newest_call(Connection& connection, CallKey key, std::string_view value) {
  if (value.empty() || !is_storable_id(value)) return std::nullopt;
  // The second condition lets the partial index be used.
  return first_of(query_calls(connection,
                              fmt::format("WHERE {0} = :value AND {0} <> '' ORDER BY received_at "
                                          "DESC, context_id DESC LIMIT 1",
                                          column_of(key)),
                              {{"value", value}}));
}

std::optional<Call> find_call_of_recording(Connection& connection, const RecordingId& id) {
  if (id.empty() || !is_storable_id(id.text)) return std::nullopt;
  return first_of(query_calls(connection,
                              "WHERE context_id IN (SELECT context_id FROM recordings WHERE "
                              "recording_id = :id) ORDER BY received_at DESC LIMIT 1",
                              {{"id", id}}));
}

std::vector<Call> find_open_calls(Connection& connection) {
  return query_calls(connection,
                     "WHERE phase IN ('ringing', 'answering', 'connected') ORDER BY received_at, "
                     "context_id",
                     {});
}

std::vector<Call> find_unjudged(Connection& connection, const UnjudgedQuery& query) {
  return query_calls(
      connection,
      "WHERE phase = :phase AND received_at >= :since AND ended_at < :ended_before AND "
      "(connected_at IS NOT NULL OR answered_at IS NOT NULL) AND erased_at IS NULL AND NOT EXISTS "
      "(SELECT 1 FROM verdicts WHERE verdicts.context_id = calls.context_id) ORDER BY received_at, "
      "context_id LIMIT :limit",
      {{"phase", to_word(CallPhase::ended)},
       {"since", query.received_since},
       {"ended_before", query.ended_before},
       {"limit", static_cast<long long>(std::clamp(query.limit, 0, list_limit_max))}});
}

std::vector<Call> list_calls(Connection& connection, const CallQuery& query) {
  std::string where = "WHERE 1 = 1";
  Params params{{"limit", static_cast<long long>(std::clamp(query.limit, 0, list_limit_max))}};
  if (query.phase) {
    where += " AND phase = :phase";
    params.emplace_back("phase", to_word(*query.phase));
  }
  if (query.from) {
    where += " AND received_at >= :from_at";
    params.emplace_back("from_at", *query.from);
  }
  if (query.to) {
    where += " AND received_at < :to_at";
    params.emplace_back("to_at", *query.to);
  }
  if (!query.before_id.empty()) {
    const auto before = find_call(connection, {query.before_id});
    if (!before)
      throw DatabaseError(
          {.kind = ErrorKind::not_found, .message = "there is no call to list on from"}, false);
    where +=
        " AND (received_at < :before_at OR (received_at = :before_at AND context_id < :before))";
    params.emplace_back("before_at", before->received_at);
    params.emplace_back("before", before->id);
  }
  where += " ORDER BY received_at DESC, context_id DESC LIMIT :limit";
  return query_calls(connection, where, params);
}

std::optional<CallPersonal> find_personal(Connection& connection, const ContextId& id) {
  if (!is_storable_id(id.text, context_id_bytes_max)) return std::nullopt;
  auto rows = query_personal(connection, "context_id = :context_id", {{"context_id", id}});
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::map<ContextId, CallPersonal> find_personal_of(Connection& connection,
                                                   const std::vector<ContextId>& calls) {
  const auto wanted = of_any(calls);
  std::map<ContextId, CallPersonal> found;
  for (auto& personal : query_personal(connection, wanted.text, wanted.params)) {
    const auto call = personal.call;
    found.emplace(call, std::move(personal));
  }
  return found;
}

}  // namespace earshot::store
