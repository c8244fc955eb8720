// earshot alerts list
#include "cli/alert_trouble.hpp"
#include "cli/commands.hpp"
#include "cli/list_view.hpp"
#include "cli/output_json.hpp"

#include <utility>

namespace earshot::cli {
namespace {

std::vector<std::string> row_of(const boost::json::object& alert) {
  return {cell(alert, "id"),        short_time(cell(alert, "raisedAt")),
          cell(alert, "state"),     cell(alert, "kind"),
          cell(alert, "contextId"), alert_trouble(alert)};
}

}  // namespace

Task<int> run_alerts_list(ApiClient& client, AlertsListOptions options) {
  ListView view{
      .path = with_query("/api/v1/alerts", {{"limit", std::to_string(options.limit)},
                                            {"state", options.state},
                                            {"call", options.call}}),
      .member = "alerts",
      .columns = {{"alert"}, {"raised (UTC)"}, {"state"}, {"kind"}, {"call"}, {"trouble"}},
      .row = row_of,
      .json = options.common.json};
  return show_list(client, std::move(view));
}

}  // namespace earshot::cli
