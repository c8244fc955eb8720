#include "store/detail/verdict_rows.hpp"

#include "domain/imported_call.hpp"
#include "store/detail/call_rows.hpp"
#include "store/detail/id_list.hpp"
#include "store/detail/retention_rows.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/verdict_text.hpp"
#include "store/detail/words.hpp"

#include <fmt/format.h>

namespace earshot::store {
namespace {

constexpr std::string_view columns =
    "context_id, number, at, kind, by_acs, by_bridge, call_us, paused_us, expected_us, present_us, "
    "repaired_us, lost_us, start_delay_us, tail_loss_us, unseen_us, ledger_us, caller_alone_us, "
    "caller_heard_us, assistant_alone_us, assistant_heard_us, recordings, chunks, gaps, findings, "
    "spans, mapping, thresholds";
constexpr std::size_t column_count = 27;

constexpr std::string_view insert_verdict =
    "INSERT INTO verdicts (context_id, number, at, kind, by_acs, by_bridge, call_us, paused_us, "
    "expected_us, present_us, repaired_us, lost_us, start_delay_us, tail_loss_us, unseen_us, "
    "ledger_us, caller_alone_us, caller_heard_us, assistant_alone_us, assistant_heard_us, "
    "recordings, chunks, gaps, findings, spans, mapping, thresholds) VALUES (:context_id, :number, "
    ":at, :kind, :by_acs, :by_bridge, :call_us, :paused_us, :expected_us, :present_us, "
    ":repaired_us, :lost_us, :start_delay_us, :tail_loss_us, :unseen_us, :ledger_us, "
    ":caller_alone_us, :caller_heard_us, :assistant_alone_us, :assistant_heard_us, :recordings, "
    ":chunks, :gaps, :findings, :spans, :mapping, :thresholds) ON CONFLICT DO NOTHING";

Param us(std::string_view name, Duration value) {
  return {name, static_cast<long long>(value.count())};
}

Params params_of(const Verdict& verdict) {
  const auto& n = verdict.numbers;
  return {{"context_id", verdict.call},
          {"number", static_cast<long long>(verdict.number)},
          {"at", verdict.at},
          {"kind", to_word(verdict.kind)},
          {"by_acs", verdict.by_acs ? 1LL : 0LL},
          {"by_bridge", verdict.by_bridge ? 1LL : 0LL},
          us("call_us", n.call),
          us("paused_us", n.paused),
          us("expected_us", n.expected),
          us("present_us", n.present),
          us("repaired_us", n.repaired),
          us("lost_us", n.lost),
          us("start_delay_us", n.start_delay),
          us("tail_loss_us", n.tail_loss),
          us("unseen_us", n.unseen),
          us("ledger_us", n.ledger),
          us("caller_alone_us", n.caller_alone),
          us("caller_heard_us", n.caller_heard),
          us("assistant_alone_us", n.assistant_alone),
          us("assistant_heard_us", n.assistant_heard),
          {"recordings", static_cast<long long>(n.recordings)},
          {"chunks", static_cast<long long>(n.chunks)},
          {"gaps", write_gaps(verdict.gaps)},
          {"findings", write_findings(verdict.findings)},
          {"spans", write_timeline(verdict.timeline)},
          {"mapping", write_mapping(verdict.mapping)},
          {"thresholds", write_thresholds(verdict.thresholds)}};
}

Verdict read_verdict(Row& row) {
  Verdict verdict;
  verdict.call.text = row.text();
  verdict.number = static_cast<int>(row.number());
  verdict.at = row.time();
  from_word(row.text(), verdict.kind);
  verdict.by_acs = row.flag();
  verdict.by_bridge = row.flag();
  auto& n = verdict.numbers;
  for (Duration* column : {&n.call, &n.paused, &n.expected, &n.present, &n.repaired, &n.lost,
                           &n.start_delay, &n.tail_loss, &n.unseen, &n.ledger, &n.caller_alone,
                           &n.caller_heard, &n.assistant_alone, &n.assistant_heard})
    *column = Duration(row.number());
  n.recordings = static_cast<int>(row.number());
  n.chunks = static_cast<int>(row.number());
  verdict.gaps = read_gaps(row.text());
  verdict.findings = read_findings(row.text());
  verdict.timeline = read_timeline(row.text());
  verdict.mapping = read_mapping(row.text());
  verdict.thresholds = read_thresholds(row.text());
  return verdict;
}

std::vector<Verdict> query_verdicts(Connection& connection, std::string_view rest,
                                    const Params& params) {
  const auto sql = fmt::format("SELECT {} FROM verdicts {}", columns, rest);
  std::vector<Verdict> verdicts;
  for (auto& row : connection.query(sql, column_count, params))
    verdicts.push_back(read_verdict(row));
  return verdicts;
}

// A rule may name the kind of the verdict. And the walk through the calls by age has long passed
// by where an imported one begins.
bool may_change_rules(Connection& connection, const Verdict& verdict) {
  auto before = connection.query(
      "SELECT kind FROM verdicts WHERE context_id = :context_id ORDER BY number DESC LIMIT 1", 1,
      {{"context_id", verdict.call}});
  if (!before.empty()) return before.front().text() != to_word(verdict.kind);
  const auto call = find_call(connection, verdict.call);
  return call && is_imported(*call);
}

}  // namespace

void put_verdict(Connection& connection, const Verdict& verdict) {
  require_call(connection, verdict.call);
  if (may_change_rules(connection, verdict))
    remind_of_retention(connection, verdict.call, verdict.at);
  if (connection.execute(insert_verdict, params_of(verdict)) == 0)
    throw DatabaseError(
        {.kind = ErrorKind::conflict, .message = "the call has a verdict of that number already"},
        false);
}

std::optional<Verdict> find_verdict(Connection& connection, const ContextId& call,
                                    std::optional<int> number) {
  if (!is_storable_id(call.text, context_id_bytes_max)) return std::nullopt;
  Params params{{"context_id", call}};
  std::string where = "WHERE context_id = :context_id";
  if (number) {
    where += " AND number = :number";
    params.emplace_back("number", static_cast<long long>(*number));
  }
  auto found = query_verdicts(connection, where + " ORDER BY number DESC LIMIT 1", params);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<Verdict> find_verdicts(Connection& connection, const ContextId& call) {
  if (!is_storable_id(call.text, context_id_bytes_max)) return {};
  return query_verdicts(connection, "WHERE context_id = :context_id ORDER BY number",
                        {{"context_id", call}});
}

std::map<ContextId, Verdict> find_newest_verdicts(Connection& connection,
                                                  const std::vector<ContextId>& calls) {
  const auto wanted = of_any(calls);
  const auto where = fmt::format(
      "WHERE {} AND number = (SELECT MAX(w.number) FROM verdicts w WHERE w.context_id = "
      "verdicts.context_id)",
      wanted.text);
  std::map<ContextId, Verdict> found;
  for (auto& verdict : query_verdicts(connection, where, wanted.params)) {
    const auto call = verdict.call;
    found.emplace(call, std::move(verdict));
  }
  return found;
}

}  // namespace earshot::store
