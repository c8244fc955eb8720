// earshot verdict CALL
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <fmt/format.h>

namespace earshot::cli {
namespace {

constexpr int not_complete = 3;

bool is_true(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string in_seconds(const boost::json::object& object, std::string_view name) {
  return fmt::format("{:.3f}", number(object, name));
}

// What a gap is worth: "counts", "forgiven", "mended".
std::string weight_of(const boost::json::object& gap) {
  if (is_true(gap, "repaired")) return "mended";
  return is_true(gap, "counts") ? "lost" : "forgiven";
}

std::string heard_in(const boost::json::object& gap) {
  if (!is_true(gap, "ledgerHeard")) return "nobody knows";
  const double caller = number(gap, "callerSpokeSeconds");
  const double assistant = number(gap, "assistantSpokeSeconds");
  if (caller <= 0 && assistant <= 0) return "nobody spoke";
  return fmt::format("caller {:.2f} s, assistant {:.2f} s", caller, assistant);
}

const boost::json::object* gap_of(const boost::json::object& verdict,
                                  const boost::json::object& span) {
  for (const auto& item : items(verdict, "gaps"))
    if (item.is_object() && number(item.get_object(), "fromSeconds") == number(span, "fromSeconds"))
      return &item.get_object();
  return nullptr;
}

std::string where_from(const boost::json::object& span) {
  std::string source = cell(span, "source");
  if (source == "acs") return "acs, chunk " + cell(span, "chunkIndex");
  if (source == "acs_second_copy") return "acs, second copy of chunk " + cell(span, "chunkIndex");
  return source;
}

void print_spans(const boost::json::object& verdict, const boost::json::object& timeline) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(timeline, "spans")) {
    if (!item.is_object()) continue;
    const auto& span = item.get_object();
    // What is left of a gap beside what was mended of it is less than a sample; --json has it.
    if (number(span, "toSeconds") - number(span, "fromSeconds") < 0.001) continue;
    std::string what = cell(span, "kind");
    std::string heard = "-";
    if (const auto* gap = what == "gap" || what == "repaired" ? gap_of(verdict, span) : nullptr) {
      what += " (" + weight_of(*gap) + ")";
      heard = heard_in(*gap);
    }
    rows.push_back({in_seconds(span, "fromSeconds"), in_seconds(span, "toSeconds"),
                    fmt::format("{:.3f}", number(span, "toSeconds") - number(span, "fromSeconds")),
                    what, cell(span, "cause"), where_from(span), heard});
  }
  const std::vector<Column> columns{
      {"from s", true}, {"to s", true}, {"length s", true},     {"span"},
      {"cause"},        {"source"},     {"heard by the bridge"}};
  std::printf("\n%s", format_table(columns, rows).c_str());
}

void print_findings(const boost::json::object& verdict) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(verdict, "findings")) {
    if (!item.is_object()) continue;
    const auto& finding = item.get_object();
    rows.push_back({cell(finding, "kind"), cell(finding, "chunkIndex"), cell(finding, "detail")});
  }
  if (!rows.empty())
    std::printf("\n%s", format_table({{"finding"}, {"chunk", true}, {"detail"}}, rows).c_str());
}

std::string witnesses_of(const boost::json::object& verdict) {
  std::string text;
  for (const auto& item : items(verdict, "witnesses"))
    if (item.is_string()) text += (text.empty() ? "" : " and ") + std::string(item.get_string());
  return text.empty() ? "none" : text;
}

void print_numbers(const boost::json::object& verdict) {
  const auto* value = verdict.if_contains("numbers");
  if (value == nullptr || !value->is_object()) return;
  const auto& n = value->get_object();
  const auto line = [&n](const char* title, const char* name) {
    std::printf("%-22s %10s s\n", title, in_seconds(n, name).c_str());
  };
  line("call", "callSeconds");
  line("paused, as meant", "pausedSeconds");
  line("expected", "expectedSeconds");
  line("present", "presentSeconds");
  line("lost", "lostSeconds");
  line("mended", "repairedSeconds");
  line("start delay", "startDelaySeconds");
  line("tail", "tailLossSeconds");
  line("seen by neither", "unseenSeconds");
}

}  // namespace

Task<int> run_verdict(ApiClient& client, VerdictOptions options) {
  const std::string path = "/api/v1/calls/" + net::percent_encode(options.call);
  if (options.again) {
    auto asked = co_await client.post(path + "/verify", "{}");
    if (!asked) co_return report(asked.error());
  }
  const std::string query =
      options.number > 0 ? "?number=" + std::to_string(options.number) : std::string();
  auto body = co_await client.get(path + "/verdict" + query);
  if (!body) co_return report(body.error());
  auto verdict = parse_answer(*body);
  if (!verdict) co_return report(verdict.error());
  const int status = cell(*verdict, "kind") == "complete" ? 0 : not_complete;
  if (options.common.json) {
    std::printf("%s\n", body->c_str());
    co_return status;
  }
  auto spans = co_await client.get(path + "/timeline" + query);
  if (!spans) co_return report(spans.error());
  auto timeline = parse_answer(*spans);
  if (!timeline) co_return report(timeline.error());
  std::printf("%-22s %s\n", "verdict", verdict_text(*verdict).c_str());
  if (cell(*verdict, "kind") == "pending") co_return status;
  std::printf("%-22s %s of %zu, %s\n", "number", cell(*verdict, "number").c_str(),
              items(*verdict, "given").size(), cell(*verdict, "at").c_str());
  std::printf("%-22s %s\n", "witnesses", witnesses_of(*verdict).c_str());
  std::printf("%-22s %s\n", "notice", notice_cell(*verdict).c_str());
  print_numbers(*verdict);
  print_spans(*verdict, *timeline);
  print_findings(*verdict);
  co_return status;
}

}  // namespace earshot::cli
