// earshot retention plan|run|policy|restore
#include "cli/answer_view.hpp"
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"
#include "cli/trusted_keys.hpp"
#include "net/url.hpp"

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace earshot::cli {
namespace {

// The service refuses more as well.
constexpr std::uintmax_t rules_bytes_max = 1 << 20;

void print_report(const boost::json::object& report) {
  std::vector<std::vector<std::string>> rows;
  std::map<std::string, std::size_t> counts;  // objects, by action
  for (const auto& item : items(report, "calls")) {
    if (!item.is_object()) continue;
    const auto& call = item.get_object();
    for (const auto& step : items(call, "steps")) {
      const auto& act = step.get_object();
      const auto error = cell(act, "error");
      ++counts[cell(act, "action")];
      rows.push_back({cell(call, "contextId"), cell(act, "action"), cell(act, "object"),
                      cell(act, "name"), cell(act, "bytes"), cell(act, "rule"),
                      error == "-" ? "" : error});
    }
    if (cell(call, "barredBy") != "none")
      rows.push_back({cell(call, "contextId"), cell(call, "barredBy"), "", "", "", "", ""});
  }
  const std::vector<Column> columns{{"call"},  {"action"}, {"object"}, {"name"},
                                    {"bytes"}, {"rule"},   {"trouble"}};
  std::printf("%s", format_table(columns, rows).c_str());
  for (const auto& [action, count] : counts)
    std::printf("%s: %zu objects\n", action.c_str(), count);
  std::printf("%s calls looked at%s%s\n", cell(report, "callsLookedAt").c_str(),
              cell(report, "more") == "true" ? ", and there are more" : "",
              cell(report, "dryRun") == "true" ? "; nothing was changed" : "");
}

// The policy alone goes to standard output, so that it can be handed to the account as it is.
void print_policy(const boost::json::object& answer) {
  if (const auto* policy = answer.if_contains("policy"))
    std::printf("%s\n", boost::json::serialize(*policy).c_str());
  for (const auto& note : items(answer, "notes"))
    if (note.is_string()) std::fprintf(stderr, "note: %s\n", note.get_string().c_str());
}

}  // namespace

Task<int> run_retention_plan(ApiClient& client, RetentionOptions options) {
  const auto path = "/api/v1/retention/plan?limit=" + std::to_string(options.limit);
  if (options.rules.empty()) {
    auto body = co_await client.get(path);
    co_return show_answer(options.common.json, body, print_report);
  }
  auto rules = read_file(options.rules, rules_bytes_max);
  if (!rules) co_return show_answer(options.common.json, Failure(rules.error()), print_report);
  auto body = co_await client.post(path, std::move(*rules));
  co_return show_answer(options.common.json, body, print_report);
}

Task<int> run_retention_run(ApiClient& client, RetentionOptions options) {
  const boost::json::object wanted{{"limit", options.limit}, {"dryRun", options.dry_run}};
  auto body = co_await client.post("/api/v1/retention/run", boost::json::serialize(wanted));
  co_return show_answer(options.common.json, body, print_report);
}

Task<int> run_retention_policy(ApiClient& client, RetentionOptions options) {
  auto body = co_await client.get("/api/v1/retention/policy");
  co_return show_answer(options.common.json, body, print_policy);
}

Task<int> run_retention_restore(ApiClient& client, RetentionRestoreOptions options) {
  auto body =
      co_await client.post("/api/v1/calls/" + net::percent_encode(options.call) + "/restore", "");
  co_return show_answer(options.common.json, body, [](const boost::json::object& answer) {
    std::printf("%s blobs are on their way from the archive, which takes up to %s hours\n",
                cell(answer, "blobs").c_str(), cell(answer, "hoursMax").c_str());
  });
}

}  // namespace earshot::cli
