// earshot alerts list
#include "cli/alert_trouble.hpp"
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"
#include "net/url.hpp"

#include <cstdio>

namespace earshot::cli {

Task<int> run_alerts_list(ApiClient& client, AlertsListOptions options) {
  std::string path = "/api/v1/alerts?limit=" + std::to_string(options.limit);
  if (!options.state.empty()) path += "&state=" + net::percent_encode(options.state);
  if (!options.call.empty()) path += "&call=" + net::percent_encode(options.call);
  auto body = co_await client.get(std::move(path));
  if (!body) co_return report(body.error());
  if (options.common.json) {
    std::printf("%s\n", body->c_str());
    co_return 0;
  }
  auto answer = parse_answer(*body);
  if (!answer) co_return report(answer.error());
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(*answer, "alerts")) {
    if (!item.is_object()) continue;
    const auto& alert = item.get_object();
    rows.push_back({cell(alert, "id"), short_time(cell(alert, "raisedAt")), cell(alert, "state"),
                    cell(alert, "kind"), cell(alert, "contextId"), alert_trouble(alert)});
  }
  const std::vector<Column> columns{{"alert"}, {"raised (UTC)"}, {"state"},
                                    {"kind"},  {"call"},         {"trouble"}};
  std::printf("%s", format_table(columns, rows).c_str());
  co_return 0;
}

}  // namespace earshot::cli
