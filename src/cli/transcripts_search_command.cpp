// earshot transcripts search TEXT [--from] [--to] [--limit] [--cursor]
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <fmt/format.h>

namespace earshot::cli {

Task<int> run_transcripts_search(ApiClient& client, TranscriptsSearchOptions options) {
  std::string path = fmt::format("/api/v1/transcripts/search?q={}&limit={}",
                                 net::percent_encode(options.text), options.limit);
  for (const auto& [name, value] : {std::pair("from", &options.from), std::pair("to", &options.to),
                                    std::pair("cursor", &options.cursor)})
    if (!value->empty()) path += fmt::format("&{}={}", name, net::percent_encode(*value));
  auto body = co_await client.get(std::move(path));
  if (!body) co_return report(body.error());
  if (options.common.json) {
    std::printf("%s\n", body->c_str());
    co_return 0;
  }
  auto answer = parse_answer(*body);
  if (!answer) co_return report(answer.error());
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(*answer, "hits")) {
    if (!item.is_object()) continue;
    const auto& hit = item.get_object();
    rows.push_back({cell(hit, "contextId"), short_time(cell(hit, "receivedAt")),
                    fmt::format("{:.1f}", number(hit, "startSeconds")), cell(hit, "speaker"),
                    cell(hit, "snippet")});
  }
  const std::vector<Column> columns{{"call"}, {"received"}, {"at s", true}, {"who"}, {"text"}};
  std::printf("%s", format_table(columns, rows).c_str());
  if (const auto next = cell(*answer, "next"); next != "-")
    std::printf("\nthere are more: --cursor %s\n", next.c_str());
  co_return 0;
}

}  // namespace earshot::cli
