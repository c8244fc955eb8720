#include "store/detail/downlink_rows.hpp"

#include "store/detail/call_rows.hpp"
#include "store/detail/stored_text.hpp"

#include <algorithm>

namespace earshot::store {

void put_downlink(Connection& connection, const MeasuredDownlink& measured) {
  require_call(connection, measured.call);
  connection.execute(
      "INSERT INTO downlink_delays (context_id, call_at, delay_us, uncertainty_us, cuts) VALUES "
      "(:context_id, :call_at, :delay_us, :uncertainty_us, :cuts) ON CONFLICT (context_id) DO "
      "UPDATE SET call_at = excluded.call_at, delay_us = excluded.delay_us, uncertainty_us = "
      "excluded.uncertainty_us, cuts = excluded.cuts",
      {{"context_id", measured.call},
       {"call_at", measured.at},
       {"delay_us", static_cast<long long>(measured.delay.count())},
       {"uncertainty_us", static_cast<long long>(measured.uncertainty.count())},
       {"cuts", static_cast<long long>(measured.cuts)}});
}

std::vector<MeasuredDownlink> find_downlinks(Connection& connection, int limit) {
  auto rows = connection.query(
      "SELECT context_id, call_at, delay_us, uncertainty_us, cuts FROM downlink_delays ORDER BY "
      "call_at DESC, context_id DESC LIMIT :limit",
      5, {{"limit", static_cast<long long>(std::clamp(limit, 0, list_limit_max))}});
  std::vector<MeasuredDownlink> found;
  found.reserve(rows.size());
  for (auto& row : rows) {
    MeasuredDownlink one;
    one.call.text = row.text();
    one.at = row.time();
    one.delay = Duration(row.number());
    one.uncertainty = Duration(row.number());
    one.cuts = static_cast<int>(row.number());
    found.push_back(one);
  }
  return found;
}

}  // namespace earshot::store
