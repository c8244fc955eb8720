#include "store/detail/facts_rows.hpp"

#include "store/detail/words.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::store {
namespace {

// The join comes after the page is cut, so that it costs one look at each table's key a row.
constexpr std::string_view page_of_facts =
    "SELECT c.context_id, c.received_at, c.resource, c.phase, CASE WHEN c.connected_at IS NULL "
    "THEN 0 ELSE 1 END, c.end_code, c.end_sub_code, c.recording_starts, (SELECT COUNT(*) FROM "
    "recordings r WHERE r.context_id = c.context_id AND r.phase <> 'failed'), CASE WHEN v.kind IS "
    "NULL THEN '' ELSE v.kind END, CASE WHEN v.present_us IS NULL THEN 0 ELSE v.present_us END, "
    "CASE WHEN v.start_delay_us IS NULL THEN 0 ELSE v.start_delay_us END, CASE WHEN v.chunks IS "
    "NULL THEN 0 ELSE v.chunks END FROM (SELECT * FROM calls WHERE received_at >= :from_at AND "
    "received_at < :to_at {} ORDER BY received_at, context_id LIMIT :limit) c LEFT JOIN verdicts v "
    "ON v.context_id = c.context_id AND v.number = (SELECT MAX(w.number) FROM verdicts w WHERE "
    "w.context_id = c.context_id) ORDER BY c.received_at, c.context_id";
constexpr std::size_t column_count = 13;

CallFacts read_facts(Row& row) {
  CallFacts facts;
  facts.call.text = row.text();
  facts.received_at = row.time();
  facts.resource = row.text();
  from_word(row.text(), facts.phase);
  facts.connected = row.flag();
  facts.end_code = static_cast<int>(row.number());
  facts.end_sub_code = static_cast<int>(row.number());
  facts.recording_starts = static_cast<int>(row.number());
  facts.recordings_started = static_cast<int>(row.number());
  if (const auto kind = row.text(); !kind.empty()) from_word(kind, facts.verdict.emplace());
  facts.present = Duration(row.number());
  facts.start_delay = Duration(row.number());
  facts.chunks = static_cast<int>(row.number());
  return facts;
}

}  // namespace

std::vector<CallFacts> list_call_facts(Connection& connection, const CallFactsQuery& query) {
  const int limit = std::clamp(query.limit, 0, call_facts_page_max);
  Params params{
      {"from_at", query.from}, {"to_at", query.to}, {"limit", static_cast<long long>(limit)}};
  std::string_view behind;
  if (query.after_received_at) {
    behind = "AND (received_at > :after_at OR (received_at = :after_at AND context_id > :after))";
    params.emplace_back("after_at", *query.after_received_at);
    params.emplace_back("after", query.after);
  }
  std::vector<CallFacts> facts;
  for (auto& row : connection.query(fmt::format(page_of_facts, behind), column_count, params))
    facts.push_back(read_facts(row));
  return facts;
}

}  // namespace earshot::store
