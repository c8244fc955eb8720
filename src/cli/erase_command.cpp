// earshot erase --caller NUMBER [--dry-run] [--yes] | --receipt ID [--signed] | --list
#include "cli/answer_view.hpp"
#include "cli/commands.hpp"
#include "cli/list_view.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace earshot::cli {
namespace {

constexpr Duration ask_every = 1s;

void print_receipt(const boost::json::object& receipt) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(receipt, "calls")) {
    if (!item.is_object()) continue;
    const auto& call = item.get_object();
    double bytes = 0;
    for (const auto& blob : items(call, "blobs")) bytes += number(blob.get_object(), "bytes");
    const auto reason = cell(call, "reason");
    rows.push_back({cell(call, "contextId"), cell(call, "state"),
                    std::to_string(items(call, "blobs").size()),
                    std::to_string(static_cast<long long>(bytes)), reason == "-" ? "" : reason});
  }
  const std::vector<Column> columns{{"call"}, {"state"}, {"blobs"}, {"bytes"}, {"reason"}};
  std::printf("%s", format_table(columns, rows).c_str());
  if (cell(receipt, "dryRun") == "true") {
    std::printf("nothing was changed\n");
    return;
  }
  std::printf("receipt %s, finished %s\n", cell(receipt, "id").c_str(),
              cell(receipt, "finishedAt").c_str());
}

std::vector<std::string> row_of(const boost::json::object& receipt) {
  return {cell(receipt, "id"), short_time(cell(receipt, "at")),
          short_time(cell(receipt, "finishedAt")), std::to_string(items(receipt, "calls").size())};
}

Task<int> list_receipts(ApiClient& client, EraseOptions options) {
  ListView view{.path = "/api/v1/erasures",
                .member = "erasures",
                .columns = {{"receipt"}, {"asked for or due (UTC)"}, {"finished (UTC)"}, {"calls"}},
                .row = row_of,
                .json = options.common.json};
  return show_list(client, std::move(view));
}

// All that is left is for later, when their recordings have been found or not.
bool only_waits(const boost::json::object& receipt) {
  bool waits = false;
  for (const auto& item : items(receipt, "calls")) {
    const auto& call = item.as_object();
    const auto state = cell(call, "state");
    if (state == "erasing") return false;
    if (state != "waiting") continue;
    const auto reason = cell(call, "reason");
    if (reason.empty() || reason == "-") return false;
    waits = true;
  }
  return waits;
}

// Erasing is a job of the service's; it goes on when this process is ended.
Task<int> erase_and_wait(ApiClient& client, EraseOptions options) {
  const boost::json::object wanted{{"caller", options.caller}, {"dryRun", options.dry_run}};
  auto body = co_await client.post("/api/v1/erasures", boost::json::serialize(wanted));
  if (!body) co_return report(body.error());
  if (options.dry_run) co_return show_answer(options.common.json, body, print_receipt);
  auto answer = parse_answer(*body);
  if (!answer) co_return report(answer.error());
  const auto id = cell(*answer, "id");
  std::fprintf(stderr, "receipt %s\n", id.c_str());
  while (cell(*answer, "finishedAt") == "-" && !only_waits(*answer)) {
    co_await client.wait(ask_every);
    body = co_await client.get("/api/v1/erasures/" + net::percent_encode(id));
    if (!body) co_return report(body.error());
    answer = parse_answer(*body);
    if (!answer) co_return report(answer.error());
  }
  if (only_waits(*answer))
    std::fprintf(stderr,
                 "some calls wait for their recordings and are erased when these were looked for; "
                 "look again with: earshot erase --receipt %s\n",
                 id.c_str());
  co_return show_answer(options.common.json, body, print_receipt);
}

}  // namespace

Task<int> run_erase(ApiClient& client, EraseOptions options) {
  if (options.list) co_return co_await list_receipts(client, std::move(options));
  if (!options.receipt.empty()) {
    auto path = "/api/v1/erasures/" + net::percent_encode(options.receipt);
    if (options.signed_text) path += "/receipt";
    auto body = co_await client.get(std::move(path));
    if (!options.signed_text) co_return show_answer(options.common.json, body, print_receipt);
    if (!body) co_return report(body.error());
    std::printf("%s", body->c_str());
    co_return 0;
  }
  if (options.caller.empty()) {
    std::fprintf(stderr, "name the caller: earshot erase --caller +81312345678 --dry-run\n");
    co_return 2;
  }
  if (!options.dry_run && !options.yes) {
    std::fprintf(stderr,
                 "this cannot be undone: look at it with --dry-run first, then add --yes\n");
    co_return 2;
  }
  co_return co_await erase_and_wait(client, std::move(options));
}

}  // namespace earshot::cli
