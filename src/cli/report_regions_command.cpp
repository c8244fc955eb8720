// earshot report regions [--from] [--to]
#include "cli/answer_view.hpp"
#include "cli/list_view.hpp"
#include "cli/output_json.hpp"
#include "cli/report_commands.hpp"
#include "cli/table.hpp"

#include <array>
#include <cstdio>
#include <fmt/format.h>

namespace earshot::cli {
namespace {

struct Measure {
  const char* name;   // the API's
  const char* title;  // for people
  double scale;
  int digits;
};

constexpr std::array<Measure, 5> measures{{
    {"startDelayMs", "start delay, median ms", 1, 0},
    {"complete", "complete, %", 100, 1},
    {"chunks", "chunks, mean", 1, 3},
    {"notConnected", "not connected, %", 100, 1},
    {"failedStarts", "calls with failed recording starts, %", 100, 1},
}};

bool is_true(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

// "97.0  (91.5 .. 99.0)"
std::string estimate(const boost::json::object& object, const Measure& measure) {
  if (is_true(object, "notEnoughCalls")) return "not enough calls";
  return fmt::format("{0:.{3}f}  ({1:.{3}f} .. {2:.{3}f})", number(object, "value") * measure.scale,
                     number(object, "low") * measure.scale, number(object, "high") * measure.scale,
                     measure.digits);
}

void print_regions(const boost::json::object& report) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(report, "regions")) {
    if (!item.is_object()) continue;
    const auto& region = item.get_object();
    for (const auto& measure : measures) {
      const auto* found = region.if_contains(measure.name);
      if (found == nullptr || !found->is_object()) continue;
      rows.push_back({cell(region, "label"), measure.title, cell(found->get_object(), "calls"),
                      estimate(found->get_object(), measure)});
    }
  }
  const std::vector<Column> columns{
      {"region"}, {"measure"}, {"calls", true}, {"value (95 % interval)"}};
  std::printf("%s", format_table(columns, rows).c_str());
}

void print_codes(const boost::json::object& report) {
  const Measure rate{"", "", 100, 1};
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(report, "regions")) {
    if (!item.is_object()) continue;
    for (const auto& one : items(item.get_object(), "endCodes"))
      if (one.is_object())
        rows.push_back({cell(item.get_object(), "label"), cell(one.get_object(), "code"),
                        cell(one.get_object(), "calls"), estimate(one.get_object(), rate)});
  }
  if (rows.empty()) return;
  const std::vector<Column> columns{
      {"region"}, {"call ended with"}, {"calls", true}, {"% of connected calls"}};
  std::printf("\n%s", format_table(columns, rows).c_str());
}

void print_differences(const boost::json::object& report) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(report, "differences")) {
    if (!item.is_object()) continue;
    const auto& one = item.get_object();
    const auto name = cell(one, "measure");
    for (const auto& measure : measures) {
      if (name != measure.name) continue;
      const bool shown = !is_true(one, "notEnoughCalls") && !is_true(one, "mayBeNone");
      rows.push_back({cell(one, "region") + " - " + cell(one, "baseline"), measure.title,
                      estimate(one, measure), shown ? "differs" : "-"});
    }
  }
  if (rows.empty()) return;
  const std::vector<Column> columns{
      {"regions"}, {"measure"}, {"difference (95 % interval)"}, {"shown"}};
  std::printf("\n%s", format_table(columns, rows).c_str());
}

void print_code_differences(const boost::json::object& report) {
  const auto* found = report.if_contains("endCodeDifferences");
  if (found == nullptr || !found->is_object()) return;
  const auto& compared = found->get_object();
  const Measure share{"", "", 100, 1};
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(compared, "regions")) {
    if (!item.is_object()) continue;
    const auto& pair = item.get_object();
    const auto names = cell(pair, "region") + " - " + cell(pair, "baseline");
    if (is_true(pair, "notEnoughCalls")) rows.push_back({names, "-", "not enough calls", "-"});
    for (const auto& one : items(pair, "codes"))
      if (one.is_object())
        rows.push_back({names, cell(one.get_object(), "code"), estimate(one.get_object(), share),
                        is_true(one.get_object(), "mayBeNone") ? "-" : "differs"});
  }
  if (rows.empty()) return;
  const std::vector<Column> columns{
      {"regions"}, {"call ended with"}, {"difference of the shares, %"}, {"shown"}};
  std::printf("\n%s", format_table(columns, rows).c_str());
  if (const double count = number(compared, "compared"); count > 0)
    std::printf(
        "%.0f shares are compared; each interval is one of %.2f %%, so that all of them "
        "hold at once with 95 %%\n",
        count, number(compared, "confidence") * 100);
}

void print_report(const boost::json::object& report) {
  std::printf("calls from %s to %s; each number needs %s calls\n\n",
              short_time(cell(report, "from")).c_str(), short_time(cell(report, "to")).c_str(),
              cell(report, "callsNeeded").c_str());
  print_regions(report);
  print_codes(report);
  print_differences(report);
  print_code_differences(report);
}

}  // namespace

Task<int> run_report_regions(ApiClient& client, ReportRegionsOptions options) {
  auto body = co_await client.get(
      with_query("/api/v1/reports/regions", {{"from", options.from}, {"to", options.to}}));
  co_return show_answer(options.common.json, body, print_report);
}

}  // namespace earshot::cli
