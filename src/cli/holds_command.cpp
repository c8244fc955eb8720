// earshot holds add|remove|list
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"
#include "net/url.hpp"

#include <cstdio>

namespace earshot::cli {

Task<int> run_holds_add(ApiClient& client, HoldsAddOptions options) {
  const boost::json::object wanted{{"who", options.who}, {"why", options.why}};
  auto body = co_await client.post("/api/v1/calls/" + net::percent_encode(options.call) + "/holds",
                                   boost::json::serialize(wanted));
  if (!body) co_return report(body.error());
  if (options.common.json) {
    std::printf("%s\n", body->c_str());
    co_return 0;
  }
  auto answer = parse_answer(*body);
  if (!answer) co_return report(answer.error());
  std::printf("held: nothing of the call is deleted or moved until hold %s is removed\n",
              cell(*answer, "id").c_str());
  std::printf("%-14s %s\n%-14s %s\n", "index tags", cell(*answer, "tags").c_str(), "legal hold",
              cell(*answer, "legalHold").c_str());
  co_return 0;
}

Task<int> run_holds_remove(ApiClient& client, HoldsRemoveOptions options) {
  const boost::json::object wanted{{"who", options.who}};
  auto body = co_await client.post("/api/v1/holds/" + net::percent_encode(options.hold) + "/lift",
                                   boost::json::serialize(wanted));
  if (!body) co_return report(body.error());
  if (options.common.json) {
    std::printf("%s\n", body->c_str());
    co_return 0;
  }
  auto answer = parse_answer(*body);
  if (!answer) co_return report(answer.error());
  std::printf("lifted; the rules of retention apply to call %s again\n",
              cell(*answer, "contextId").c_str());
  co_return 0;
}

Task<int> run_holds_list(ApiClient& client, HoldsListOptions options) {
  std::string path = "/api/v1/holds?limit=" + std::to_string(options.limit);
  if (!options.call.empty()) path += "&call=" + net::percent_encode(options.call);
  if (options.all) path += "&lifted=true";
  auto body = co_await client.get(std::move(path));
  if (!body) co_return report(body.error());
  if (options.common.json) {
    std::printf("%s\n", body->c_str());
    co_return 0;
  }
  auto answer = parse_answer(*body);
  if (!answer) co_return report(answer.error());
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(*answer, "holds")) {
    if (!item.is_object()) continue;
    const auto& hold = item.get_object();
    rows.push_back({cell(hold, "id"), cell(hold, "contextId"), short_time(cell(hold, "since")),
                    cell(hold, "who"), cell(hold, "why"), short_time(cell(hold, "liftedAt"))});
  }
  const std::vector<Column> columns{{"hold"}, {"call"}, {"since (UTC)"},
                                    {"who"},  {"why"},  {"lifted (UTC)"}};
  std::printf("%s", format_table(columns, rows).c_str());
  co_return 0;
}

}  // namespace earshot::cli
