// earshot calls [ID]
#include "cli/answer_view.hpp"
#include "cli/commands.hpp"
#include "cli/list_view.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"
#include "net/url.hpp"

#include <cstdio>

namespace earshot::cli {
namespace {

void print_call(const boost::json::object& call) {
  for (const char* name :
       {"contextId", "state", "caller", "called", "receivedAt", "connectedAt", "endedAt",
        "endReason", "recordingState", "correlationId", "callConnectionId", "serverCallId"})
    std::printf("%-18s %s\n", name, cell(call, name).c_str());
  std::printf("%-18s %s\n", "notice", notice_cell(call).c_str());
  std::printf("%-18s %s\n", "verdict", verdict_cell(call).c_str());
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(call, "recordings")) {
    if (!item.is_object()) continue;
    const auto& recording = item.get_object();
    rows.push_back(
        {cell(recording, "recordingId"), cell(recording, "state"), cell(recording, "discovery")});
  }
  if (!rows.empty())
    std::printf("\n%s", format_table({{"recording"}, {"state"}, {"chunks"}}, rows).c_str());
}

void print_turns(const boost::json::object& answer) {
  for (const auto& item : items(answer, "turns")) {
    if (!item.is_object()) continue;
    const auto& turn = item.get_object();
    const auto* interrupted = turn.if_contains("interrupted");
    const bool cut = interrupted != nullptr && interrupted->is_bool() && interrupted->get_bool();
    std::printf("%8s  %-9s  %s%s\n", format_seconds(number(turn, "startSeconds")).c_str(),
                cell(turn, "speaker").c_str(), cell(turn, "text").c_str(),
                cut ? " [interrupted]" : "");
  }
}

void print_journal(const boost::json::object& answer) {
  for (const auto& item : items(answer, "journal")) {
    if (!item.is_object()) continue;
    const auto& entry = item.get_object();
    std::printf("%s  %s  %s\n", cell(entry, "at").c_str(), cell(entry, "type").c_str(),
                cell(entry, "detail").c_str());
  }
}

void print_calls(const boost::json::object& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(answer, "calls")) {
    if (!item.is_object()) continue;
    const auto& call = item.get_object();
    rows.push_back({cell(call, "contextId"), short_time(cell(call, "receivedAt")),
                    cell(call, "state"), format_seconds(number(call, "durationSeconds")),
                    cell(call, "caller"), cell(call, "called"), cell(call, "recordingState"),
                    verdict_cell(call)});
  }
  const std::vector<Column> columns{{"call"},   {"received (UTC)"}, {"state"},     {"length", true},
                                    {"caller"}, {"called"},         {"recording"}, {"verdict"}};
  std::printf("%s", format_table(columns, rows).c_str());
  if (const std::string next = cell(answer, "next"); next != "-")
    std::printf("more: --limit, or before=%s\n", next.c_str());
}

}  // namespace

Task<int> run_calls(ApiClient& client, CallsOptions options) {
  if (options.call == "list") options.call.clear();
  std::string path = "/api/v1/calls";
  auto* print = print_calls;
  if (options.call.empty()) {
    path = with_query(path, {{"limit", std::to_string(options.limit)}, {"state", options.state}});
  } else {
    path += "/" + net::percent_encode(options.call);
    print = print_call;
    if (options.turns) {
      path += "/turns";
      print = print_turns;
    } else if (options.journal) {
      path += "/journal";
      print = print_journal;
    }
  }
  auto body = co_await client.get(std::move(path));
  co_return show_answer(options.common.json, body, print);
}

}  // namespace earshot::cli
